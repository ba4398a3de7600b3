/** `msp glue runs`, `glue run`, `logs`: the Glue side of a run. */
import type { Command } from 'commander';
import { z } from 'zod';
import { LOG_GROUPS, logLineSchema, type LogLine, type LogStream } from '../../pipeline/declared/logs.ts';
import { isLive } from '../../pipeline/glue-run.ts';
import { STAGE_NAMES, STAGES } from '../../pipeline/stages.ts';
import { glueRunSchema, type GlueRun } from '../../client/glue-runs.ts';
import { addClientCommand, argument, flag, option } from '../command.ts';
import type { CliContext } from '../context.ts';
import { cut, duration, time } from '../../pipeline/format.ts';
import { limit, OUTPUT, ROWS_OUTPUT, RUN, YES } from '../options.ts';

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
  const declared = {
    summary: 'the latest job runs',
    description: 'The latest job runs of all three jobs: state, times, DPU-seconds, what went wrong.',
    options: { limit: limit('how many', '20'), output: ROWS_OUTPUT },
    examples: ['msp glue runs', 'msp glue runs --limit 100 -o json'],
  };
  addClientCommand(glue, context, 'runs', declared, async (client, { output, limit: most }) => {
    context.out.rows(
      output,
      z.array(glueRunSchema),
      await client.glue.list(most),
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
}

function addRun(glue: Command, context: CliContext): void {
  const declared = {
    summary: 'one job run',
    description: 'State, times, size, cost by list price and failure of one job run.',
    argument: argument('<id>', 'id of the job run, jr_…, or its beginning', z.string()),
    options: { output: OUTPUT },
    examples: ['msp glue run jr_0a1b…'],
  };
  addClientCommand(glue, context, 'run', declared, async (client, { output }, id) => {
    const run = await client.glue.get(id);
    if (output === 'json') context.out.json(glueRunSchema, run);
    else showRun(context, run);
  });
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
    ['time limit', run.timeoutMinutes === undefined ? undefined : `${run.timeoutMinutes} min`],
    ['workers', run.workers],
    ['DPU-seconds', run.dpuSeconds],
    ['cost', run.estimatedCost === undefined ? undefined : `about $${run.estimatedCost.toFixed(4)}`],
    ['failure', run.failure],
    ['error', run.errorMessage],
    ['log', `msp logs ${run.id}`],
  ]);
}

function addSweep(glue: Command, context: CliContext): void {
  const declared = {
    summary: 'stop job runs that nobody watches',
    description:
      'Stops job runs whose pipeline run has ended, as when it was terminated. Every pipeline run does so when it ' +
      'begins. A run that is recovered adopts its own, so recover first what is to go on.',
    options: { dryRun: flag('--dry-run', 'only show them'), yes: YES, output: OUTPUT },
    examples: ['msp glue sweep --dry-run', 'msp glue sweep --yes'],
  };
  addClientCommand(glue, context, 'sweep', declared, async (client, { dryRun, yes, output }) => {
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
    await context.confirm(`Stop ${orphans.length} job run(s)?`, yes);
    const stopped = await client.glue.stop(orphans);
    context.out.note(`Glue was asked to stop ${stopped.length}; msp glue runs shows when they have ended.`);
  });
}

const GLUE_STAGES = STAGE_NAMES.filter((stage) => STAGES[stage].script !== undefined);

function addLogs(program: Command, context: CliContext): void {
  const declared = {
    summary: "log of a run's Glue job",
    description:
      'Prints the log of the latest Glue job of a run, or of the one that a stage ran. The output stream is what the ' +
      'script prints, the error stream what Spark and the system say.',
    argument: argument('[run]', `${RUN}; or a job run, jr_…, or its beginning`, z.string(), 'latest'),
    options: {
      stage: option('--stage <stage>', 'the job of this stage', z.enum(STAGE_NAMES).optional(), (each) =>
        each.choices(GLUE_STAGES),
      ),
      stream: option(
        '--stream <stream>',
        'which stream',
        z.enum(['output', 'error', 'both']).transform((stream): LogStream[] => {
          return stream === 'both' ? ['output', 'error'] : [stream];
        }),
        (each) => each.choices(['output', 'error', 'both']).default('both'),
      ),
      follow: flag('-f, --follow', 'go on until the job has ended'),
      output: OUTPUT,
    },
    examples: ['msp logs', 'msp logs latest --stage validation --follow', 'msp logs jr_0a1b… --stream error'],
  };
  addClientCommand(program, context, 'logs', declared, async (client, options, run) => {
    const { stage, stream: streams, follow, output } = options;
    const id = run.startsWith('jr_') ? (await client.glue.get(run)).id : await client.jobRunOf(run, stage);
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
}

/** JSON lines, not an array: a log that is followed has no end to close a bracket at. */
function print({ out }: CliContext, line: LogLine, format: string): void {
  if (format === 'json') out.line(JSON.stringify(logLineSchema.parse(line)));
  else out.line(`${out.colors.dim(line.at.slice(11, 19))} ${line.message}`);
}
