/** `msp run`, `runs`, `status`: start runs and look at them. */
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { daySchema } from '../../pipeline/documents.ts';
import { overridesSchema } from '../../pipeline/request.ts';
import { RUN_STATUSES } from '../../pipeline/statuses.ts';
import { listedRunSchema } from '../../client/run-listing.ts';
import type { RunReference } from '../../client/runs.ts';
import { viewOf, viewSchema } from '../../client/run-view.ts';
import type { PipelineClient } from '../../client/pipeline-client.ts';
import { withoutUndefined } from '../../client/optional.ts';
import { checked, type CliContext } from '../context.ts';
import { EXIT_CODES } from '../errors.ts';
import { between, time } from '../format.ts';
import {
  collect,
  examples,
  limitSchema,
  numberOrText,
  outputOption,
  outputSchema,
  RUN,
  streamKeySchema,
} from '../options.ts';
import { showEnd, showRun } from '../run-text.ts';
import { follow, type FollowOptions } from '../watch.ts';

export function addRunCommands(program: Command, context: CliContext): void {
  addRun(program, context);
  addRuns(program, context);
  addStatus(program, context);
  addWatch(program, context);
}

export const overrideOptions = [
  new Option('--worker-type <type>', 'Glue worker type, as in G.2X'),
  new Option('--number-of-workers <n>', 'Glue workers, the driver included').argParser(numberOrText),
  new Option('--timeout-minutes <n>', 'time limit of the Glue run').argParser(numberOrText),
];

const runSchema = overridesSchema.extend({
  input: z.array(streamKeySchema).optional(),
  date: z.array(daySchema).optional(),
  id: z.string().min(1).optional(),
  wait: z.boolean().default(false),
  output: outputSchema,
});

function addRun(program: Command, context: CliContext): void {
  const command = program
    .command('run')
    .summary('start a run')
    .description(
      'Starts a run over everything that has arrived under streams/, or over named inputs; or computes days again from ' +
        'their published plays. --wait stops waiting where the run needs an operator (exit code 7).',
    )
    .option('--input <key>', 'only this key under streams/; repeatable', collect)
    .option('--date <date>', 'compute this day again; repeatable', collect)
    .option('--id <id>', 'workflow id, made from pipeline and time when not given')
    .option('--wait', 'wait for the end, showing progress')
    .addOption(outputOption());
  for (const option of overrideOptions) command.addOption(option);
  command.action(async (given: unknown) => {
    const { input, date, id, wait, output, ...overrides } = checked(runSchema, given);
    const request = withoutUndefined({
      inputs: input,
      dates: date,
      overrides: Object.keys(overrides).length === 0 ? undefined : overrides,
    });
    await context.withClient(async (client) => {
      const reference = await client.runs.start(request, id);
      context.out.note(`started ${reference.workflowId}`);
      if (wait) await waitForEnd(context, client, reference, output);
      else if (output === 'json') context.out.json(startedSchema, reference);
      else showStarted(context, reference);
    });
  });
  examples(command, [
    'msp run --wait',
    'msp run --input streams-2024-06-25-1.csv --wait -o json',
    'msp run --date 2024-06-25 --date 2024-06-26',
    'msp run --number-of-workers 10 --worker-type G.2X',
  ]);
}

export const startedSchema = z.object({
  workflowId: z.string(),
  runId: z.string(),
  originalRunId: z.string(),
  /** Id in the bucket. */
  run: z.string(),
});

export function showStarted({ out }: CliContext, { workflowId, run }: RunReference): void {
  out.fields([
    ['workflow id', workflowId],
    ['run', run],
    ['watch it', `msp watch ${workflowId}`],
  ]);
}

export async function waitForEnd(
  context: CliContext,
  client: PipelineClient,
  reference: RunReference,
  output: z.output<typeof outputSchema>,
): Promise<void> {
  await showUntil(context, client, reference, { output, untilOperator: true });
}

async function showUntil(
  context: CliContext,
  client: PipelineClient,
  reference: RunReference,
  { output, untilOperator }: FollowOptions & { readonly output: z.output<typeof outputSchema> },
): Promise<void> {
  const view = await follow(context.out, client, reference, { untilOperator });
  if (output === 'json') context.out.json(viewSchema, view);
  else showEnd(context.out, view);
  context.exitCode = endCode(view);
}

function endCode({ end, status }: z.output<typeof viewSchema>): (typeof EXIT_CODES)[keyof typeof EXIT_CODES] {
  if (end === undefined) return status === 'Running' ? EXIT_CODES.Ok : EXIT_CODES.NeedsOperator;
  return end.ended === 'completed' && end.outcome !== 'rejected' ? EXIT_CODES.Ok : EXIT_CODES.Failed;
}

const runsSchema = z.object({
  limit: limitSchema,
  status: z.enum(RUN_STATUSES).optional(),
  output: outputSchema,
});

function addRuns(program: Command, context: CliContext): void {
  const command = program
    .command('runs')
    .summary('list runs')
    .description('Runs of the pipeline, the latest first.')
    .option('--limit <n>', 'how many', '20')
    .addOption(new Option('--status <status>', 'only runs with it').choices(RUN_STATUSES))
    .addOption(outputOption(['table', 'json', 'csv']))
    .action(async (given: unknown) => {
      const { output, ...options } = checked(runsSchema, given);
      await context.withClient(async (client) => {
        context.out.rows(
          output,
          z.array(listedRunSchema),
          await client.runs.list(withoutUndefined(options)),
          [
            { title: 'workflow id', value: (run) => run.workflowId },
            { title: 'status', value: (run) => context.out.status(run.status ?? run.execution) },
            { title: 'stage', value: (run) => run.stage ?? '' },
            { title: 'trigger', value: (run) => run.trigger ?? '' },
            { title: 'started', value: (run) => time(run.startedAt) },
            {
              title: 'took',
              value: (run) => (run.endedAt === undefined ? '' : between(run.startedAt, run.endedAt)),
              right: true,
            },
            { title: 'days', value: (run) => run.days.join(' ') },
          ],
          'no run yet; msp run starts one',
        );
      });
    });
  examples(command, ['msp runs', 'msp runs --status NeedsOperator', 'msp runs --limit 100 -o json']);
}

function addStatus(program: Command, context: CliContext): void {
  const command = program
    .command('status')
    .argument('[run]', RUN, 'latest')
    .summary('where a run is and what it waits for')
    .description('Stages, what each left, the Glue run, what the run waits for and which commands it takes.')
    .addOption(outputOption())
    .action(async (run: string, given: unknown) => {
      const { output } = checked(z.object({ output: outputSchema }), given);
      await context.withClient(async (client) => {
        const view = await viewOf(client, await client.runs.find(run));
        if (output === 'json') context.out.json(viewSchema, view);
        else showRun(context.out, view);
      });
    });
  examples(command, ['msp status', 'msp status music_streaming-20240625T030000Z-3f2a -o json']);
}

function addWatch(program: Command, context: CliContext): void {
  const command = program
    .command('watch')
    .argument('[run]', RUN, 'latest')
    .summary('follow a run live')
    .description(
      'Shows stages, rows and the Glue run as they change, until the run ends. Ctrl-C stops watching, not the run. ' +
        'With -o json what changes goes to stderr, and the run as it ended, as msp status shows it, to stdout.',
    )
    .addOption(outputOption())
    .action(async (run: string, given: unknown) => {
      const { output } = checked(z.object({ output: outputSchema }), given);
      await context.withClient(async (client) => {
        await showUntil(context, client, await client.runs.find(run), { output, untilOperator: false });
      });
    });
  examples(command, ['msp watch', 'msp watch music_streaming-20240625T030000Z-3f2a -o json']);
}
