/** Plays a sequence against a run and checks what it answers. What a run shows once it has ended is in `ended.ts`. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { PipelineRequest } from '../../pipeline/request.ts';
import { PIPELINE_WORKFLOW } from '../../pipeline/request.ts';
import { STAGES } from '../../pipeline/stages.ts';
import { statusQuery } from '../../workflows/pipeline/messages.ts';
import type { CommandAnswer, CommandName, RunStatus } from '../../workflows/pipeline/messages.ts';
import { succeeded } from '../support/fakes/fake-activities.ts';
import type { Message, Sequence, Step } from './steps.ts';
import type { World } from './world.ts';

/** A run with nothing to do is quiet for this long; a busy machine takes longer to deliver its next task. */
const QUIET_MS = 150;
const CALM_WITHIN_MS = 3_000;
const LOOK_MS = 25;

/** From the last word to the end: a Glue error's two pauses (15 and 30 s) and what a busy machine adds. */
const ENDS_WITHIN_MS = 75_000;

/**
 * The server drops an update when the run's step fails because a signal came in between, and takes it again a moment
 * later; with its id it is followed once.
 */
const MOST_TRIES = 8;
const BETWEEN_TRIES_MS = 300;

export interface Sent {
  readonly number: number;
  readonly message: Message;
  /** Sent together with others, so in no order. */
  readonly together: boolean;
  outcome: 'accepted' | 'refused' | 'unknown';
  /** The run had followed its like before. */
  again: boolean;
}

export interface Lane {
  readonly client: Client;
  readonly taskQueue: string;
  restart(): Promise<void>;
}

const ENDINGS: readonly CommandName[] = ['abort', 'emergencyShutdown'];

export class Operator {
  readonly #lane: Lane;
  readonly #world: World;
  readonly #handle: WorkflowHandle;
  readonly sent: Sent[] = [];
  /** What it is at, for a sequence that does not end. */
  doing = 'starting';
  /** A cancellation was requested of the current execution. */
  cancelled = false;
  /** Executions that were to do again what had succeeded. */
  begunAgain = 0;
  #toldToEnd = false;
  /** The run has taken its first step. */
  #begun = false;
  /** Nothing that was sent may still be on its way. */
  #settled = true;

  constructor(lane: Lane, world: World, workflowId: string) {
    this.#lane = lane;
    this.#world = world;
    this.#handle = lane.client.workflow.getHandle(workflowId);
  }

  async play({ steps, finish }: Sequence): Promise<void> {
    await this.#start({});
    for (const step of steps) {
      this.doing = inspect(step, { breakLength: Infinity });
      await this.#take(step);
    }
    this.#world.disarm();
    this.doing = `finish: ${finish}`;
    await this.#finish(finish);
  }

  async #start(request: PipelineRequest): Promise<void> {
    const { workflowId } = this.#handle;
    const { taskQueue, client } = this.#lane;
    this.cancelled = false;
    this.#toldToEnd = false;
    this.#begun = false;
    this.#world.pausedIn = undefined;
    await client.workflow.start(PIPELINE_WORKFLOW, { workflowId, taskQueue, args: [request] });
  }

  async #take(step: Step): Promise<void> {
    const world = this.#world;
    if (step.calm) await this.#calm();
    switch (step.kind) {
      case 'message':
        await this.#send(step.message, false);
        break;
      case 'messages':
        await Promise.all(step.messages.map((message) => this.#send(message, true)));
        break;
      case 'twice':
        await Promise.all([this.#send(step.message, true), this.#send(step.message, true)]);
        break;
      case 'glue':
        world.glue.end(step.ended);
        break;
      case 'fault':
        world.arm(step.activity, step.fault);
        break;
      case 'restart':
        await this.#lane.restart();
        break;
      case 'cancel':
        world.pausedIn = undefined;
        if (await this.#isOpen()) {
          this.cancelled = true;
          await this.#handle.cancel().catch(orGone);
        }
        break;
      case 'terminate':
        await this.#terminate(step);
        break;
    }
  }

  async #terminate({ then, from }: Extract<Step, { kind: 'terminate' }>): Promise<void> {
    this.#world.pausedIn = undefined;
    await this.#handle.terminate('by hand').catch(orGone);
    const { runId, status } = await this.#handle.describe();
    if (status.name === 'COMPLETED') return;
    if (then !== 'resume') this.begunAgain += 1;
    const resumeFrom = { runId, ...(then === 'resume from' ? { stage: from } : {}) };
    await this.#start(then === 'start' ? {} : { trigger: 'recovery', resumeFrom });
  }

  async #calm(): Promise<void> {
    const deadline = Date.now() + CALM_WITHIN_MS;
    while (this.#world.quietFor < QUIET_MS && Date.now() < deadline) await sleep(LOOK_MS);
  }

  async #send(message: Message, together: boolean): Promise<void> {
    const sent: Sent = { number: this.sent.length + 1, message, together, outcome: 'unknown', again: false };
    this.sent.push(sent);
    const { name, by, via, to, stopGlue, stage } = message;
    if (name === 'approve') this.#world.approvals += 1;
    const paused = this.#world.pausedIn;
    if (name !== 'pause') this.#world.pausedIn = undefined;
    const run = to === 'another run' ? 'another-run' : to === 'this run' ? await this.#runId() : undefined;
    const args = {
      by,
      reason: reasonOf(sent),
      ...(run === undefined ? {} : { run }),
      ...(name === 'pause' ? { stopGlue } : {}),
      ...(stage !== undefined && (name === 'retryStage' || name === 'skipStage') ? { stage } : {}),
    };
    if (via === 'signal') {
      await this.#firstStep();
      this.#settled = false;
      await this.#handle.signal(name, args).catch(orGone);
      return;
    }
    const before = this.#settled && !together ? await this.#settledStatus() : undefined;
    const answer = await this.#update(name, args);
    if (answer === undefined) return;
    // Messages are followed in the order in which they came, so all earlier ones have been.
    this.#settled = !together;
    sent.outcome = answer === 'refused' ? 'refused' : 'accepted';
    if (sent.outcome === 'accepted' && ENDINGS.includes(name)) this.#toldToEnd = true;
    sent.again = answer !== 'refused' && answer.message.includes('already');
    if (before !== undefined) this.#judge(before, message, sent.outcome);
    if (together) return;
    if (name === 'pause' && answer !== 'refused') this.#world.pausedIn = paused ?? answer.stage;
    else if (name !== 'pause' && sent.outcome === 'refused') this.#world.pausedIn = paused;
  }

  /** The SDK hands what a run finds when it begins to its handlers by name: an order is promised from then on only. */
  async #firstStep(): Promise<void> {
    if (!this.#begun) this.#begun = (await this.#status()) !== undefined;
  }

  async #update(name: CommandName, args: object): Promise<CommandAnswer | 'refused' | undefined> {
    const updateId = randomUUID();
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#handle.executeUpdate<CommandAnswer, [object]>(name, { args: [args], updateId });
      } catch (error) {
        // Refused when it was sent again, it may have been followed before.
        if (error instanceof WorkflowUpdateFailedError) return tries === 1 ? 'refused' : undefined;
        // It ended before it answered.
        if (!(await this.#isOpen())) return undefined;
        if (tries === MOST_TRIES) {
          this.#world.breaks(`${name} got no answer: ${inspect(error, { depth: 1, breakLength: Infinity })}`);
          return undefined;
        }
        await sleep(BETWEEN_TRIES_MS);
      }
    }
  }

  /** The status of a run that waits and does nothing by itself; `undefined` for one that may move meanwhile. */
  async #settledStatus(): Promise<RunStatus | undefined> {
    if (this.#world.quietFor < QUIET_MS || this.cancelled || !(await this.#isOpen())) return undefined;
    const status = await this.#status();
    return status !== undefined && (status.parked ?? status.held) !== null ? status : undefined;
  }

  /** A waiting run takes what it says that it takes, and refuses everything else. */
  #judge(status: RunStatus, { name, to, stage }: Message, outcome: Sent['outcome']): void {
    const { commands, paused, parked } = status;
    const wrongStage =
      (name === 'retryStage' || name === 'skipStage') && stage !== undefined && stage !== parked?.stage;
    const again = name === 'pause' && paused !== null;
    const taken = to !== 'another run' && !wrongStage && (commands.includes(name) || again);
    if (taken !== (outcome === 'accepted')) {
      this.#world.breaks(`${name} was ${outcome} where the run takes ${commands.join(', ')}`);
    }
  }

  async #finish(how: Sequence['finish']): Promise<void> {
    const deadline = Date.now() + ENDS_WITHIN_MS;
    while (await this.#isOpen()) {
      if (Date.now() > deadline) {
        const status = await this.#status();
        this.#world.breaks(`told to ${how}, the run did not end: ${JSON.stringify(status)}`);
        return;
      }
      await this.#urge(how);
      await sleep(LOOK_MS * 4);
    }
  }

  /** Does what the run needs to come to an end. */
  async #urge(how: Sequence['finish']): Promise<void> {
    const word = (name: CommandName): Promise<void> =>
      this.#send({ name, by: 'ada', via: 'update', to: 'nobody', stopGlue: false, stage: undefined }, false);
    const status = await this.#status();
    if (status === undefined) return;
    if (this.cancelled || status.status === 'Stopping') return;
    if (how === 'cancel') {
      this.cancelled = true;
      this.#world.pausedIn = undefined;
      await this.#handle.cancel().catch(orGone);
    } else if (how !== 'complete') {
      if (!this.#toldToEnd) await word(how);
    } else if (status.paused !== null) await word('resume');
    else if (status.held !== null) await word('approve');
    else if (status.parked !== null) await word('retryStage');
    else if (
      status.glueRun !== null ||
      (status.stage !== null && STAGES[status.stage].script !== undefined)
    ) {
      this.#world.glue.end(succeeded);
    }
  }

  async #isOpen(): Promise<boolean> {
    const { status } = await this.#handle.describe();
    return status.name === 'RUNNING';
  }

  async #runId(): Promise<string> {
    return (await this.#handle.describe()).runId;
  }

  async #status(): Promise<RunStatus | undefined> {
    return await this.#handle.query(statusQuery).catch(() => undefined);
  }
}

/** By which a message is found again in the run's timeline. */
export function reasonOf({ number }: Pick<Sent, 'number'>): string {
  return `message ${number}`;
}

/** A run that has ended takes nothing any more. */
function orGone(error: unknown): void {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}
