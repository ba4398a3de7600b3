/**
 * A run: its conversation with operators, what it was asked to do, and what an execution that goes on with it needs. The
 * rules of its state are in `state.ts` and `commands.ts`.
 */
import { setHandler, workflowInfo } from '@temporalio/workflow';
import type { Checkpoint, Progress } from '../../pipeline/checkpoint.ts';
import type { Owner } from '../../pipeline/inputs.ts';
import type { ParsedRequest } from '../../pipeline/request.ts';
import type { StageName } from '../../pipeline/stages.ts';
import { now } from '../shared/clock.ts';
import { Conversation } from '../shared/conversation.ts';
import type { Rules } from '../shared/conversation.ts';
import { ownRunId } from '../shared/run-id.ts';
import { searchAttributes } from '../shared/search-attributes.ts';
import type { OwnRequest } from './chain.ts';
import { decide, openCommands } from './commands.ts';
import { describeRun } from './details.ts';
import { GlueLedger } from './glue-ledger.ts';
import { checkpointsQuery, COMMANDS, progressQuery } from './messages.ts';
import type { CommandAnswer, RunStatus } from './messages.ts';
import { initialState, note, proceed, takeOver, waitOn } from './state.ts';
import type { RunState } from './state.ts';

/** What an execution that grew too long hands to the next one. */
export interface Continued {
  readonly state: RunState;
  readonly progress: Progress;
  /** As in {@link Owner}. */
  readonly originalRunId: string;
}

const rules: Rules<RunState, typeof COMMANDS, CommandAnswer> = {
  commands: COMMANDS,
  id: ({ run }) => run,
  decide,
  answer: ({ stage }, message) => ({ accepted: true, stage, message }),
  note,
  proceed,
  waitOn,
  aborted: 'RunAborted',
  status: statusOf,
  details: describeRun,
  attributes: ({ run, status, stage, days }) => [
    { key: searchAttributes.run, value: run },
    { key: searchAttributes.status, value: status },
    { key: searchAttributes.stage, value: stage },
    { key: searchAttributes.dates, value: days.length === 0 ? null : [...days] },
  ],
};

export class PipelineRun extends Conversation<RunState, typeof COMMANDS, CommandAnswer> {
  readonly #originalRunId: string;
  readonly ledger: GlueLedger;
  #request: ParsedRequest;
  readonly #kept = new Map<StageName, Checkpoint>();

  constructor(request: OwnRequest, continued: Continued | undefined) {
    const state =
      continued === undefined
        ? initialState(ownRunId(), now(), `started (${request.trigger})`)
        : // The stages pass by again and put what they keep back.
          { ...continued.state, checkpoints: [] };
    super(rules, state, request.trigger);
    const { workflowId, originalExecutionRunId } = workflowInfo();
    this.#originalRunId = continued?.originalRunId ?? originalExecutionRunId;
    this.ledger = new GlueLedger(workflowId, this.#originalRunId);
    this.#request = request;
    if (continued !== undefined) this.#adopt(continued.progress);
    setHandler(checkpointsQuery, () => [...this.state.checkpoints], {
      description: 'What each finished stage left',
    });
    setHandler(progressQuery, () => this.progress, {
      description: 'All that another execution needs to go on with this run',
    });
  }

  /** Rounds begun and messages taken by this execution: what makes its history long. */
  get steps(): number {
    return this.ledger.begun + this.messages;
  }

  /** What the run was asked to do; for a resumed run, what the closed one was. */
  get request(): ParsedRequest {
    return this.#request;
  }

  get owner(): Owner {
    const { workflowId } = workflowInfo();
    return { run: this.state.run, workflowId, originalRunId: this.#originalRunId };
  }

  get progress(): Progress {
    const { run, checkpoints, paused } = this.state;
    const passed = new Set(checkpoints.map(({ stage }) => stage));
    const ahead = [...this.#kept.values()].filter(({ stage }) => !passed.has(stage));
    return {
      run,
      request: this.#request,
      checkpoints: [...checkpoints, ...ahead],
      ...this.ledger.entries,
      ...(paused === null ? {} : { paused }),
    };
  }

  /** Goes on with what a closed execution had done; what is asked for now goes before what was asked for then. */
  takeOver(progress: Progress): void {
    const { overrides } = this.#request;
    const { request, asked } = progress;
    this.#adopt({
      ...progress,
      ...(overrides === undefined ? {} : { request: { ...request, overrides } }),
      ...(asked === undefined
        ? {}
        : { asked: { ...asked, overrides: { ...asked.overrides, ...overrides } } }),
    });
    this.change((state, at) => takeOver(state, progress, at));
  }

  #adopt(progress: Progress): void {
    this.#request = progress.request;
    this.ledger.adopt(progress);
    for (const checkpoint of progress.checkpoints) this.#kept.set(checkpoint.stage, checkpoint);
  }

  /** What an earlier execution has left of a stage. */
  kept(stage: StageName): Checkpoint | undefined {
    return this.#kept.get(stage);
  }
}

function statusOf(state: RunState): RunStatus {
  const { checkpoints, timeline, decision, ended, ...shown } = state;
  const paused = ended === null ? shown.paused : null;
  return { ...shown, paused, done: checkpoints.length, commands: openCommands(state) };
}
