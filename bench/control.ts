/**
 * How long an operator waits: from a command to its effect, on runs that wait for Glue. Temporal is real, and so is all
 * that asks it; Glue runs end when they are told to, so no figure has Spark in it.
 */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { PROMPT_SERVER } from '../local/stack/parts.ts';
import { shutdownInMemory } from '../test/support/fakes/fake-procedures.ts';
import { GlueInHand } from '../test/support/fakes/glue-in-hand.ts';
import type { emergencyShutdown } from '../workflows/emergency-shutdown/workflow.ts';
import { statusQuery, updates } from '../workflows/pipeline/messages.ts';
import type { musicStreamingPipeline } from '../workflows/pipeline/workflow.ts';
import {
  statusQuery as procedureQuery,
  updates as procedureUpdates,
} from '../workflows/procedures/messages.ts';
import type { shutdownRecovery } from '../workflows/shutdown-recovery/workflow.ts';
import { median, seconds, type Part } from './report.ts';
import { TASK_QUEUE, withServer } from './server.ts';

const IN_FLIGHT = 50;
const COMMANDS = 15;
const SHUTDOWN_SECONDS = 5;

/** Between two looks at a run; far below the figures. */
const LOOK_MS = 5;

const WHO = { by: 'bench', reason: 'measured' };

type Run = WorkflowHandle<typeof musicStreamingPipeline>;

interface Figures {
  /** Seconds of each command, until its effect. */
  readonly pause: readonly number[];
  readonly resume: readonly number[];
  readonly stop: readonly number[];
  /** Of the emergency shutdown with all runs in flight. */
  readonly shutdown: { readonly requested: number; readonly stopped: number; readonly undone: number };
  /** Events of a run that was paused, resumed, shut down and resumed, over both of its executions. */
  readonly events: number;
}

export async function benchControl(folder: string): Promise<Part> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const glue = new GlueInHand('validation');
  const server = { words: PROMPT_SERVER, dbFilename: join(folder, 'temporal.db') };
  const figures = await withServer(server, shutdownInMemory(glue).activities, ({ client }) =>
    measure(client, glue),
  );
  const { shutdown } = figures;
  const row = (what: string, values: readonly number[]): string[] => [
    what,
    `${values.length}`,
    seconds(median(values)),
    seconds(Math.max(...values)),
  ];
  return {
    name: `control: from the command to its effect, ${IN_FLIGHT} runs in flight`,
    columns: ['command', 'times', 'median', 'slowest'],
    rows: [
      row('pause, until nothing new begins', figures.pause),
      row('resume, until it goes on', figures.resume),
      row('stop one run, until it and its Glue run have ended', figures.stop),
      row('stop all, until all is told to stop', [shutdown.requested]),
      row('stop all, until all has ended and is recorded', [shutdown.stopped]),
      row('undo, until every run works again', [shutdown.undone]),
      ['events of a run: paused, resumed, shut down, resumed', '1', `${figures.events}`, ''],
    ],
    targets: [
      {
        what: `schedules paused and ${IN_FLIGHT} runs told`,
        limit: seconds(SHUTDOWN_SECONDS),
        measured: seconds(shutdown.requested),
        met: shutdown.requested <= SHUTDOWN_SECONDS,
      },
    ],
    figures,
  };
}

async function measure(client: Client, glue: GlueInHand): Promise<Figures> {
  const runs = await Promise.all(Array.from({ length: IN_FLIGHT + COMMANDS }, (_, at) => start(client, at)));
  await Promise.all(runs.map((run) => until(async () => (await run.query(statusQuery)).glueRun !== null)));
  const stopped = runs.slice(IN_FLIGHT);
  const figures = { pause: [] as number[], resume: [] as number[], stop: [] as number[] };
  for (const run of stopped) {
    figures.pause.push(await timed(() => run.executeUpdate(updates.pause, { args: [WHO] })));
    figures.resume.push(await timed(() => run.executeUpdate(updates.resume, { args: [WHO] })));
    figures.stop.push(
      await timed(async () => {
        await run.executeUpdate(updates.emergencyShutdown, { args: [WHO] });
        await run.result().catch(() => undefined);
      }),
    );
  }
  const [watched] = runs;
  await watched?.executeUpdate(updates.pause, { args: [WHO] });
  await watched?.executeUpdate(updates.resume, { args: [WHO] });
  const { shutdown, id } = await shutDown(client);
  const undone = await timed(() => undo(client, id, glue));
  glue.end();
  const handles = runs.slice(0, IN_FLIGHT).map(({ workflowId }) => client.workflow.getHandle(workflowId));
  await Promise.all(handles.map((handle) => handle.result()));
  return { ...figures, shutdown: { ...shutdown, undone }, events: await eventsOf(client, watched) };
}

async function start(client: Client, at: number): Promise<Run> {
  return await client.workflow.start<typeof musicStreamingPipeline>('musicStreamingPipeline', {
    taskQueue: TASK_QUEUE,
    workflowId: `bench-${at}`,
    args: [{}],
  });
}

async function shutDown(
  client: Client,
): Promise<{ shutdown: Pick<Figures['shutdown'], 'requested' | 'stopped'>; id: string }> {
  const began = Date.now();
  const result = await client.workflow.execute<typeof emergencyShutdown>('emergencyShutdown', {
    args: [WHO],
    taskQueue: TASK_QUEUE,
    workflowId: 'bench-shutdown',
  });
  const requested = (Date.parse(result.requestedAt ?? '') - began) / 1000;
  return { shutdown: { requested, stopped: (Date.now() - began) / 1000 }, id: result.shutdown };
}

async function undo(client: Client, shutdown: string, glue: GlueInHand): Promise<void> {
  const before = glue.runs.length;
  const handle = await client.workflow.start<typeof shutdownRecovery>('shutdownRecovery', {
    args: [{ ...WHO, shutdown }],
    taskQueue: TASK_QUEUE,
    workflowId: 'bench-undo',
  });
  await until(async () => (await handle.query(procedureQuery)).waiting !== null);
  const { plan } = await handle.query(procedureQuery);
  if (plan === null) throw new Error('The undoing asks without a plan');
  await handle.executeUpdate(procedureUpdates.approve, { args: [{ ...WHO, digest: plan.digest }] });
  await until(() => Promise.resolve(glue.runs.length === before + IN_FLIGHT));
}

async function eventsOf(client: Client, run: Run | undefined): Promise<number> {
  let events = 0;
  const query = `WorkflowId = "${run?.workflowId ?? ''}"`;
  for await (const { historyLength = 0 } of client.workflow.list({ query })) events += historyLength;
  return events;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await setTimeout(LOOK_MS);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
