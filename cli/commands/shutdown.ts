/** `msp shutdown`: everything stops, or one run. */
import type { Command } from 'commander';
import { z } from 'zod';
import { chainSchema, foundRunSchema, pausedSchedulesSchema } from '../../pipeline/shutdown.ts';
import type { CommandAnswer } from '../../workflows/pipeline/messages.ts';
import type { ShutdownResult } from '../../workflows/emergency-shutdown/messages.ts';
import { ClientError } from '../../client/errors.ts';
import type { PipelineClient } from '../../client/pipeline-client.ts';
import type { RunReference } from '../../client/references.ts';
import type { DirectMeasures, MeasureName } from '../../client/shutdowns.ts';
import { addClientCommand, flag, option } from '../command.ts';
import type { CliContext } from '../context.ts';
import { by, OUTPUT, reason, RUN, YES } from '../options.ts';
import { glueLine, showEnd, statusLine } from '../run-text.ts';
import { awaitShutdown } from '../shutdown-wait.ts';
import { viewOf, viewSchema } from '../../client/run-view.ts';
import type { RunView } from '../../client/run-view.ts';

export function addShutdown(program: Command, context: CliContext): void {
  const declared = {
    summary: 'stop everything now, or one run',
    description:
      'Pauses the schedules, stops every run with its Glue run, sets unfinished output aside, and writes a report with ' +
      'the plan to undo it. Published data, claims and finished stages stay as they are. Where no worker runs, does ' +
      'what can be done without one; the rest happens when a worker is back.',
    options: {
      all: flag('--all', 'everything; the default when no run is named'),
      run: option('--run <run>', `only this run: ${RUN}`, z.string().optional()),
      reason: reason('why; stands in notes, histories and the report'),
      by: by('who gives the command'),
      dryRun: flag('--dry-run', 'show what would be stopped'),
      yes: YES,
      output: OUTPUT,
    },
    examples: [
      'msp shutdown --reason "the reference data is wrong"',
      'msp shutdown --dry-run --reason "what would it stop?"',
      'msp shutdown --run latest --reason "wrong file delivered" --yes',
    ],
  };
  addClientCommand(program, context, 'shutdown', declared, async (client, options) => {
    const { all, run, output, ...rest } = options;
    if (all && run !== undefined)
      throw new ClientError('WrongUse', '--all and --run exclude each other.', {
        advice: 'Give one of them.',
      });
    const asked = { ...rest, json: output === 'json' };
    if (run !== undefined) await shutDownRun(context, client, run, asked);
    else await shutDownAll(context, client, asked);
  });
}

interface Asked {
  readonly by: string;
  readonly reason: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

async function shutDownRun(
  context: CliContext,
  client: PipelineClient,
  run: string,
  { by: who, reason: why, dryRun, yes, json }: Asked,
): Promise<void> {
  const { out } = context;
  const reference = await client.runs.find(run);
  if (dryRun) {
    showWhatWouldStop(context, await viewOf(client, reference), json);
    return;
  }
  await context.confirm(
    `Shut ${reference.workflowId} down? Its Glue run is stopped; msp recover run goes on with it.`,
    yes,
  );
  const { message } = await commanded(context, client, reference, { by: who, reason: why });
  if (!json) out.line(message);
  await client.runs.result(reference);
  const view = await viewOf(client, reference);
  if (json) {
    out.json(viewSchema, view);
    return;
  }
  showEnd(out, view);
  out.line(`Resume it: msp recover run ${reference.workflowId} --reason "…"`);
}

/** @throws ClientError `Unreachable` where no worker answers, after what can be done without one */
async function commanded(
  context: CliContext,
  client: PipelineClient,
  reference: RunReference,
  why: { readonly by: string; readonly reason: string },
): Promise<CommandAnswer> {
  try {
    return await client.runs.command('emergencyShutdown', reference, why);
  } catch (error) {
    if (!(error instanceof ClientError) || error.code !== 'Unreachable') throw error;
    showDirect(context, await client.shutdowns.stopRunDirectly(reference, why));
    const left = 'so the run has not ended yet, and its unfinished output is not set aside.';
    throw new ClientError('Unreachable', `No worker has taken the command, ${left}`, {
      advice: 'Start a worker: the run ends by itself.',
      cause: error,
    });
  }
}

function showWhatWouldStop({ out }: CliContext, view: RunView, json: boolean): void {
  if (view.endedAt !== undefined)
    throw new ClientError('Refused', 'The run has ended: nothing of it would be stopped.');
  if (json) {
    out.json(viewSchema, view);
    return;
  }
  out.line('This would be stopped:');
  out.fields([
    ['run', view.workflowId],
    ['status', statusLine(out, view)],
    ['Glue run', glueLine(view) ?? 'none'],
  ]);
}

async function shutDownAll(
  context: CliContext,
  client: PipelineClient,
  { by: who, reason: why, dryRun, yes, json }: Asked,
): Promise<void> {
  const { pipeline } = client.settings;
  if (!dryRun) await context.confirm(`Stop everything of ${pipeline}: schedules, runs, Glue runs?`, yes);
  const reference = await client.shutdowns.start({ by: who, reason: why, dryRun });
  const { out } = context;
  out.note(`shutdown ${reference.shutdown}`);
  if (!(await client.shutdowns.isTaken(reference))) {
    if (dryRun) throw noWorker('so nothing could be looked at.');
    showDirect(context, await client.shutdowns.actDirectly(reference, { by: who, reason: why }));
    throw noWorker(
      'so runs have not ended yet, unfinished output is not set aside, and no report is written.',
    );
  }
  const end = json ? await client.shutdowns.result(reference) : await awaitShutdown(out, client, reference);
  if (end.ended === 'failed') throw new ClientError('Failed', end.message);
  if (json) out.json(resultSchema, { ...end.result });
  else showResult(context, end.result);
}

function noWorker(what: string): ClientError {
  return new ClientError('Unreachable', `No worker has taken the shutdown, ${what}`, {
    advice: 'Start a worker: it goes on with the shutdown by itself.',
  });
}

function showDirect(
  { out }: CliContext,
  done: Omit<DirectMeasures, 'schedules'> & Partial<DirectMeasures>,
): void {
  const said = (measure: MeasureName, none: string): string => {
    const [names, problem] = [(done[measure] ?? []).join(', '), done.problems[measure]];
    if (problem === undefined) return names || none;
    return names === ''
      ? out.colors.red(`NOT DONE: ${problem}`)
      : `${names}; ${out.colors.red(`the rest NOT DONE: ${problem}`)}`;
  };
  out.line('No worker answers. Done without one:');
  out.fields([
    ['schedules paused', done.schedules === undefined ? undefined : said('schedules', 'none was running')],
    ['runs told', said('runs', 'none was open')],
    ['Glue runs stopped', said('glueRuns', 'none was live')],
  ]);
}

const resultSchema = z.object({
  shutdown: z.string(),
  dryRun: z.boolean(),
  requestedAt: z.string().nullable(),
  schedules: pausedSchedulesSchema,
  runs: z.array(foundRunSchema).readonly(),
  procedures: z.array(foundRunSchema).readonly(),
  chains: z.array(chainSchema).readonly(),
  glueRuns: z
    .array(
      z.object({
        jobName: z.string(),
        jobRunId: z.string(),
        run: z.string().optional(),
        orphan: z.boolean(),
      }),
    )
    .readonly(),
  report: z.object({ report: z.string(), markdown: z.string(), plan: z.string() }).nullable(),
});

function showResult({ out }: CliContext, result: ShutdownResult): void {
  const { schedules, runs, procedures, chains, glueRuns, report, shutdown, dryRun } = result;
  const orphans = glueRuns.filter(({ orphan }) => orphan).length;
  out.line(dryRun ? 'This would be stopped:' : out.colors.green('Everything is stopped.'));
  out.fields([
    ['schedules', schedules.paused.join(', ') || 'none'],
    ['paused before', schedules.pausedBefore.map(({ id, note }) => `${id} (${note})`).join(', ') || 'none'],
    ['runs', runs.map(({ workflowId }) => workflowId).join(', ') || 'none'],
    [
      dryRun ? 'cron chains' : 'cron chains ended',
      chains.map(({ workflowId, cron }) => `${workflowId} (${cron})`).join(', '),
    ],
    [
      dryRun ? 'procedures' : 'procedures paused',
      procedures.map(({ run, workflowId }) => run ?? workflowId).join(', '),
    ],
    [
      'Glue runs',
      glueRuns.length === 0
        ? 'none'
        : `${glueRuns.length}${orphans === 0 ? '' : `, ${orphans} of them watched by no run`}`,
    ],
    ...(report === null
      ? []
      : ([
          ['report', report.markdown],
          ['undo it', `msp resume --shutdown ${shutdown} --reason "…"`],
        ] as [string, string][])),
  ]);
}
