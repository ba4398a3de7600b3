/** `msp glue runs`, `glue run`, `logs`: the Glue side of a run. */
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { LOG_GROUPS } from '../../pipeline/declared/logs.ts';
import { isLive } from '../../pipeline/glue-run.ts';
import { STAGE_NAMES, STAGES } from '../../pipeline/stages.ts';
import { glueRunSchema, type GlueRun } from '../../client/glue-runs.ts';
import { logLineSchema, type LogLine, type LogStream } from '../../systems/logs/streams.ts';
import { checked, type CliContext } from '../context.ts';
import { cut, duration, time } from '../format.ts';
import { examples, limitSchema, outputOption, outputSchema, RUN } from '../options.ts';

export function addGlueCommands(program: Command, context: CliContext): void {
  const glue = program
    .command('glue')
    .summary('Glue job runs')
    .description('Job runs of the pipeline in AWS Glue.');
  addRuns(glue, context);
  addRun(glue, context);
  addSweep(glue, context);
  addLogs(program, context);
}

function addRuns(glue: Command, context: CliContext): void {
  const command = glue
    .command('runs')
    .summary('the latest job runs')
    .description('The latest job runs of all three jobs: state, times, DPU-seconds, what went wrong.')
    .option('--limit <n>', 'how many', '20')
    .addOption(outputOption(['table', 'json', 'csv']))
    .action(async (given: unknown) => {
      const { output, limit } = checked(z.object({ output: outputSchema, limit: limitSchema }), given);
      await context.withClient(async (client) => {
        context.out.rows(
          output,
          z.array(glueRunSchema),
          await client.glue.list(limit),
          [
            { title: 'started', value: (run) => time(run.startedAt) },
            { title: 'job', value: (run) => run.job },
            { title: 'state', value: (run) => context.out.status(run.state) },
            { title: 'time', value: (run) => duration(run.executionSeconds), right: true },
            { title: 'run', value: (run) => run.run ?? '' },
            { title: 'id', value: (run) => (output === 'csv' ? run.id : run.id.slice(0, 16)) },
            { title: 'error', value: (run) => cut(run.errorMessage ?? '', 60) },
          ],
          'no job has run yet',
        );
      });
    });
  examples(command, ['msp glue runs', 'msp glue runs --limit 100 -o json']);
}

function addRun(glue: Command, context: CliContext): void {
  const command = glue
    .command('run')
    .argument('<id>', 'id of the job run, jr_…, or its beginning')
    .summary('one job run')
    .description('State, times, size, cost by list price and failure of one job run.')
    .addOption(outputOption())
    .action(async (id: string, given: unknown) => {
      const { output } = checked(z.object({ output: outputSchema }), given);
      await context.withClient(async (client) => {
        const run = await client.glue.get(id);
        if (output === 'json') context.out.json(glueRunSchema, run);
        else showRun(context, run);
      });
    });
  examples(command, ['msp glue run jr_0a1b…']);
}

function showRun({ out }: CliContext, run: GlueRun): void {
  out.fields([
    ['job run', run.id],
    ['job', run.job],
    ['pipeline run', run.run],
    ['state', `${out.status(run.state)}${run.stateDetail === undefined ? '' : ` (${run.stateDetail})`}`],
    ['started', time(run.startedAt)],
    ['ended', time(run.endedAt)],
    ['execution', duration(run.executionSeconds)],
    ['time limit', run.timeoutMinutes === undefined ? undefined : `${String(run.timeoutMinutes)} min`],
    ['workers', run.workers],
    ['DPU-seconds', run.dpuSeconds],
    ['cost', run.estimatedCost === undefined ? undefined : `about $${run.estimatedCost.toFixed(4)}`],
    ['failure', run.failure],
    ['error', run.errorMessage],
    ['log', `msp logs ${run.id}`],
  ]);
}

const sweepSchema = z.object({
  dryRun: z.boolean().default(false),
  yes: z.boolean().default(false),
  output: outputSchema,
});

function addSweep(glue: Command, context: CliContext): void {
  const command = glue
    .command('sweep')
    .summary('stop job runs that nobody watches')
    .description(
      'Stops job runs whose pipeline run has ended, as when it was terminated. Every pipeline run does so when it ' +
        'begins. A run that is recovered adopts its own, so recover first what is to go on.',
    )
    .option('--dry-run', 'only show them')
    .option('-y, --yes', 'do not ask')
    .addOption(outputOption())
    .action(async (given: unknown) => {
      const { dryRun, yes, output } = checked(sweepSchema, given);
      await context.withClient(async (client) => {
        const orphans = await client.orphans();
        context.out.rows(
          output,
          z.array(glueRunSchema),
          orphans,
          [
            { title: 'started', value: (run) => time(run.startedAt) },
            { title: 'job', value: (run) => run.job },
            { title: 'state', value: (run) => context.out.status(run.state) },
            { title: 'workflow id', value: (run) => run.workflowId ?? '' },
            { title: 'id', value: (run) => run.id.slice(0, 16) },
          ],
          'every job run that lives belongs to a run that is open',
        );
        if (dryRun || orphans.length === 0) return;
        await context.confirm(`Stop ${String(orphans.length)} job run(s)?`, yes);
        const stopped = await client.glue.stop(orphans);
        context.out.note(
          `Glue was asked to stop ${String(stopped.length)}; msp glue runs shows when they have ended.`,
        );
      });
    });
  examples(command, ['msp glue sweep --dry-run', 'msp glue sweep --yes']);
}

const GLUE_STAGES = STAGE_NAMES.filter((stage) => STAGES[stage].script !== undefined);

const logsSchema = z.object({
  stage: z.enum(STAGE_NAMES).optional(),
  stream: z.enum(['output', 'error', 'both']),
  follow: z.boolean().default(false),
  output: outputSchema,
});

function addLogs(program: Command, context: CliContext): void {
  const command = program
    .command('logs')
    .argument('[run]', `${RUN}; or a job run, jr_…, or its beginning`, 'latest')
    .summary("log of a run's Glue job")
    .description(
      'Prints the log of the latest Glue job of a run, or of the one that a stage ran. The output stream is what the ' +
        'script prints, the error stream what Spark and the system say.',
    )
    .addOption(new Option('--stage <stage>', 'the job of this stage').choices(GLUE_STAGES))
    .addOption(
      new Option('--stream <stream>', 'which stream').choices(['output', 'error', 'both']).default('both'),
    )
    .option('-f, --follow', 'go on until the job has ended')
    .addOption(outputOption())
    .action(async (run: string, given: unknown) => {
      const { stage, stream, follow, output } = checked(logsSchema, given);
      const streams: LogStream[] = stream === 'both' ? ['output', 'error'] : [stream];
      await context.withClient(async (client) => {
        const id = run.startsWith('jr_')
          ? (await client.glue.get(run)).id
          : await client.jobRunOf(run, stage);
        context.out.note(`log of ${id}: ${streams.map((name) => LOG_GROUPS[name]).join(', ')}`);
        if (follow) {
          const hasEnded = async (): Promise<boolean> => !isLive((await client.glue.get(id)).state);
          for await (const line of client.logs.follow(id, streams, hasEnded)) print(context, line, output);
          return;
        }
        const lines = await client.logs.read(id, streams);
        for (const line of lines) print(context, line, output);
        if (lines.length === 0) context.out.note('there are no lines (yet)');
      });
    });
  examples(command, [
    'msp logs',
    'msp logs latest --stage validation --follow',
    'msp logs jr_0a1b… --stream error',
  ]);
}

/** JSON lines, not an array: a log that is followed has no end to close a bracket at. */
function print({ out }: CliContext, line: LogLine, format: string): void {
  if (format === 'json') out.line(JSON.stringify(logLineSchema.parse(line)));
  else out.line(`${out.colors.dim(line.at.slice(11, 19))} ${line.message}`);
}
