/** What must be so once a run has ended, of all the executions that it took. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { temporal } from '@temporalio/proto';
import { ownerOfToken } from '../../pipeline/glue-run.ts';
import { checkpointsQuery, progressQuery, timelineQuery } from '../../workflows/pipeline/messages.ts';
import type { CommandName } from '../../workflows/pipeline/messages.ts';
import type { PipelineResult } from '../../workflows/pipeline/workflow.ts';
import { foundBy } from '../support/temporal/search-attributes.ts';
import { GLUE_STAGES } from './steps.ts';
import { reasonOf } from './operator.ts';
import type { Operator } from './operator.ts';
import type { World } from './world.ts';

/** Each waits until the server gives the question up, so a busy machine has half a minute. */
const MOST_TRIES = 5;

const { EventType, WorkflowTaskFailedCause } = proto.temporal.api.enums.v1;

/** Statuses that fit how Temporal says that a run has ended. */
const FITTING: Readonly<Record<string, readonly string[]>> = {
  COMPLETED: ['Completed', 'Rejected'],
  FAILED: ['Aborted', 'Failed', 'Stopped'],
  CANCELLED: ['Stopped'],
};

/** The command by which a run with this failure was ended. */
const ENDED_BY: Readonly<Record<string, CommandName>> = {
  RunAborted: 'abort',
  RunStopped: 'emergencyShutdown',
};

export type Histories = readonly temporal.api.history.v1.IHistory[];

/** @returns the histories of all executions that took a step */
export async function checkEnded(
  client: Client,
  workflowId: string,
  world: World,
  operator: Operator,
): Promise<Histories> {
  const histories: temporal.api.history.v1.IHistory[] = [];
  const last = client.workflow.getHandle(workflowId);
  const { status } = await last.describe();
  if (status.name === 'RUNNING') return histories;

  const { status: shown = 'nothing' } = await foundBy(last);
  if (FITTING[status.name]?.includes(shown) !== true) world.breaks(`${status.name} but shown as ${shown}`);
  checkEnd(world, operator, await resultOf(last));
  checkGlue(world, operator, await leftTo(last));

  const followed: string[] = [];
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = "${workflowId}"` })) {
    const execution = client.workflow.getHandle(workflowId, runId);
    const whole = await execution.fetchHistory();
    const { events: history } = whole;
    // Closed before its first step: it can't tell anything.
    if (!history?.some(({ eventType }) => eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED))
      continue;
    histories.push(whole);
    checkHistory(world, history);
    const timeline = await askedAgain(() => execution.query(timelineQuery));
    const reasons = timeline.flatMap(({ reason, refused }) =>
      reason === undefined || refused === true ? [] : [reason],
    );
    followed.push(...reasons);
    checkOrder(world, operator, reasons);
  }
  checkMessages(world, operator, new Set(followed));
  return histories;
}

async function resultOf(handle: WorkflowHandle): Promise<unknown> {
  return await handle.result().catch((error: unknown) => error);
}

function checkEnd(world: World, { sent }: Operator, result: unknown): void {
  const cause = result instanceof Error ? result.cause : undefined;
  if (cause instanceof ApplicationFailure) {
    const name = ENDED_BY[cause.type ?? ''];
    const told = sent.some((one) => one.message.name === name && cause.message.endsWith(reasonOf(one)));
    if (!told) world.breaks(`nobody had the run end: ${cause.message}`);
  }
  const { outcome } = result as Partial<PipelineResult>;
  if (outcome === 'rejected' && world.approvals === 0 && world.done.has('publishPlays')) {
    world.breaks('rejected, yet published');
  }
}

/**
 * The Glue runs that the last execution must not leave: those that it would adopt, and all others once it has looked for
 * them. What it has not come to is the next run's to stop.
 */
async function leftTo(last: WorkflowHandle): Promise<(token: string) => boolean> {
  const passed = await askedAgain(() => last.query(checkpointsQuery));
  const hasLooked = passed.some(({ stage }) => stage === 'verify_glue_scripts');
  const { tokenRunId, rounds } = await askedAgain(() => last.query(progressQuery));
  const current: Readonly<Record<string, number>> = rounds;
  return (token) => {
    const { originalRunId, stage = '', round = 0 } = ownerOfToken(token) ?? {};
    return hasLooked || (originalRunId === tokenRunId && round >= (current[stage] ?? 1));
  };
}

function checkGlue(world: World, { sent, begunAgain }: Operator, isLeftTo: (token: string) => boolean): void {
  const { glue } = world;
  const retries = sent.filter(
    ({ message, outcome }) => message.name === 'retryStage' && outcome !== 'refused',
  ).length;
  for (const stage of GLUE_STAGES) {
    const states = glue.of(stage);
    const live = glue.runs.filter(
      (run) => run.stage === stage && run.ended === undefined && isLeftTo(run.token),
    );
    if (live.length > 0 && !world.stopRefused)
      world.breaks(`${live.length} Glue runs of ${stage} outlive the run`);
    const succeeded = states.filter((state) => state === 'SUCCEEDED').length;
    if (succeeded > 1 + begunAgain) world.breaks(`${stage} succeeded ${succeeded} times`);
    const rounds = new Set(glue.runs.flatMap((run) => (run.stage === stage ? [run.token] : []))).size;
    if (rounds > 1 + retries + begunAgain) world.breaks(`${stage} had ${rounds} rounds`);
  }
}

/** One after the other in the order in which they were sent. */
function checkOrder(world: World, { sent }: Operator, reasons: readonly string[]): void {
  const numbers = reasons.flatMap((reason) => {
    const one = sent.find((candidate) => reasonOf(candidate) === reason);
    return one === undefined || one.together ? [] : [one.number];
  });
  if (numbers.some((number, at) => number < (numbers[at - 1] ?? 0))) {
    world.breaks(`messages were followed in the order ${numbers.join(', ')}`);
  }
}

function checkMessages(world: World, { sent }: Operator, followed: ReadonlySet<string>): void {
  for (const one of sent) {
    const { message, outcome, again } = one;
    const had = followed.has(reasonOf(one));
    const what = `${message.name} (${reasonOf(one)})`;
    if (had && message.to === 'another run') world.breaks(`${what} for another run was followed`);
    if (had && outcome === 'refused') world.breaks(`${what} was refused and followed`);
    if (!had && outcome === 'accepted' && !again) world.breaks(`${what} was accepted and not followed`);
  }
}

/** The server fails a step by itself when something new arrived meanwhile or the run was closed, and repeats it. */
const HARMLESS = [
  WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND,
  WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND,
];

function checkHistory(world: World, history: readonly temporal.api.history.v1.IHistoryEvent[]): void {
  for (const { eventType, workflowTaskFailedEventAttributes: failed } of history) {
    if (eventType !== EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED) continue;
    if (HARMLESS.some((cause) => cause === failed?.cause)) continue;
    const cause = failed?.cause ?? WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNSPECIFIED;
    world.breaks(
      `a workflow task failed: ${WorkflowTaskFailedCause[cause]}: ${failed?.failure?.message ?? ''}`,
    );
  }
}

/** A question that meets a worker's restart is sometimes dropped by the server, and answered when it is asked again. */
async function askedAgain<T>(ask: () => Promise<T>, tries = MOST_TRIES): Promise<T> {
  return await ask().catch((error: unknown) => {
    if (tries === 1) throw error;
    return askedAgain(ask, tries - 1);
  });
}
