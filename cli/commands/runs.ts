/** `msp run`, `runs`, `status`: start runs and look at them. */
import type { Command } from 'commander';
import { z } from 'zod';
import { daySchema } from '../../pipeline/documents.ts';
import type { Overrides } from '../../pipeline/request.ts';
import { RUN_STATUSES } from '../../pipeline/statuses.ts';
import { listedRunSchema } from '../../client/run-listing.ts';
import type { RunReference } from '../../client/references.ts';
import { viewOf, viewSchema, type RunView } from '../../client/run-view.ts';
import type { PipelineClient } from '../../client/pipeline-client.ts';
import { withoutUndefined } from '../../client/optional.ts';
import { addClientCommand, flag, option, repeatable } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT_CODES, type ExitCode } from '../errors.ts';
import { between, time } from '../../pipeline/format.ts';
import { latestRunArgument, limit, OUTPUT, OVERRIDES, ROWS_OUTPUT, streamKeySchema } from '../options.ts';
import type { OutputFormat } from '../output.ts';
import { showEnd, showRun } from '../run-text.ts';
import { follow, type FollowOptions } from '../watch.ts';

export function addRunCommands(program: Command, context: CliContext): void {
  addRun(program, context);
  addRuns(program, context);
  addStatus(program, context);
  addWatch(program, context);
}

function addRun(program: Command, context: CliContext): void {
  const declared = {
    summary: 'start a run',
    description:
      'Starts a run over everything that has arrived under streams/, or over named inputs; or computes days again from ' +
      'their published plays. --wait stops waiting where the run needs an operator (exit code 7).',
    options: {
      input: repeatable(
        '--input <key>',
        'only this key under streams/; repeatable',
        z.array(streamKeySchema).optional(),
      ),
      date: repeatable('--date <date>', 'compute this day again; repeatable', z.array(daySchema).optional()),
      id: option(
        '--id <id>',
        'workflow id, made from pipeline and time when not given',
        z.string().min(1).optional(),
      ),
      wait: flag('--wait', 'wait for the end, showing progress'),
      output: OUTPUT,
      ...OVERRIDES,
    },
    examples: [
      'msp run --wait',
      'msp run --input streams-2024-06-25-1.csv --wait -o json',
      'msp run --date 2024-06-25 --date 2024-06-26',
      'msp run --number-of-workers 10 --worker-type G.2X',
    ],
  };
  addClientCommand(program, context, 'run', declared, async (client, options) => {
    const { input: inputs, date: dates, id, wait, output, ...overrides } = options;
    const request = { ...withoutUndefined({ inputs, dates }), ...overriding(overrides) };
    const reference = await client.runs.start(request, id);
    context.out.note(`started ${reference.workflowId}`);
    await showStarted(context, client, reference, { wait, output });
  });
}

/** Changes to the Glue runs, if any was given. */
export function overriding(given: { readonly [K in keyof Overrides]: Overrides[K] | undefined }): {
  overrides?: Overrides;
} {
  const overrides: Overrides = withoutUndefined(given);
  return Object.keys(overrides).length === 0 ? {} : { overrides };
}

const startedSchema = z.object({
  workflowId: z.string(),
  runId: z.string(),
  originalRunId: z.string(),
  /** Id in the bucket. */
  run: z.string(),
});

/** A run that has just been started: where to watch it, or how it ends. */
export async function showStarted(
  context: CliContext,
  client: PipelineClient,
  started: RunReference,
  { wait, output }: { readonly wait: boolean; readonly output: OutputFormat },
): Promise<void> {
  const { workflowId, run } = started;
  if (wait) await showUntil(context, client, started, { output, untilOperator: true });
  else if (output === 'json') context.out.json(startedSchema, started);
  else
    context.out.fields([
      ['workflow id', workflowId],
      ['run', run],
      ['watch it', `msp watch ${workflowId}`],
    ]);
}

async function showUntil(
  context: CliContext,
  client: PipelineClient,
  reference: RunReference,
  { output, untilOperator }: FollowOptions & { readonly output: OutputFormat },
): Promise<void> {
  const view = await follow(context.out, client, reference, { untilOperator });
  if (output === 'json') context.out.json(viewSchema, view);
  else showEnd(context.out, view);
  context.exitCode = endCode(view);
}

function endCode({ end, status }: RunView): ExitCode {
  if (end === undefined) return status === 'Running' ? EXIT_CODES.Ok : EXIT_CODES.NeedsOperator;
  return end.ended === 'completed' && end.outcome !== 'rejected' ? EXIT_CODES.Ok : EXIT_CODES.Failed;
}

function addRuns(program: Command, context: CliContext): void {
  const declared = {
    summary: 'list runs',
    description: 'Runs of the pipeline, the latest first.',
    options: {
      limit: limit('how many', '20'),
      status: option('--status <status>', 'only runs with it', z.enum(RUN_STATUSES).optional(), (each) =>
        each.choices(RUN_STATUSES),
      ),
      output: ROWS_OUTPUT,
    },
    examples: ['msp runs', 'msp runs --status NeedsOperator', 'msp runs --limit 100 -o json'],
  };
  addClientCommand(program, context, 'runs', declared, async (client, { output, limit: most, status }) => {
    context.out.rows(
      output,
      z.array(listedRunSchema),
      await client.runs.list({ limit: most, ...withoutUndefined({ status }) }),
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
}

function addStatus(program: Command, context: CliContext): void {
  const declared = {
    summary: 'where a run is and what it waits for',
    description: 'Stages, what each left, the Glue run, what the run waits for and which commands it takes.',
    argument: latestRunArgument,
    options: { output: OUTPUT },
    examples: ['msp status', 'msp status music_streaming-20240625T030000Z-3f2a -o json'],
  };
  addClientCommand(program, context, 'status', declared, async (client, { output }, run) => {
    const view = await viewOf(client, await client.runs.find(run));
    if (output === 'json') context.out.json(viewSchema, view);
    else showRun(context.out, view);
  });
}

function addWatch(program: Command, context: CliContext): void {
  const declared = {
    summary: 'follow a run live',
    description:
      'Shows stages, rows and the Glue run as they change, until the run ends. Ctrl-C stops watching, not the run. ' +
      'With -o json what changes goes to stderr, and the run as it ended, as msp status shows it, to stdout.',
    argument: latestRunArgument,
    options: { output: OUTPUT },
    examples: ['msp watch', 'msp watch music_streaming-20240625T030000Z-3f2a -o json'],
  };
  addClientCommand(program, context, 'watch', declared, async (client, { output }, run) => {
    await showUntil(context, client, await client.runs.find(run), { output, untilOperator: false });
  });
}
