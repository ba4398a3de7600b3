/** What may happen to a run, at random: messages of operators, ends of Glue runs, failures, restarts, terminations. */
import fc from 'fast-check';
import type { EndedGlueRun } from '../../pipeline/activity-types.ts';
import { STAGE_NAMES } from '../../pipeline/stages.ts';
import type { StageName } from '../../pipeline/stages.ts';
import { COMMAND_NAMES } from '../../workflows/pipeline/messages.ts';
import type { CommandName } from '../../workflows/pipeline/messages.ts';
import { succeeded } from '../support/fakes/fake-activities.ts';

export interface Message {
  readonly name: CommandName;
  readonly by: 'ada' | 'grace';
  readonly via: 'update' | 'signal';
  /** To whom it is addressed: to the run by name, to another run, or to nobody in particular. */
  readonly to: 'nobody' | 'this run' | 'another run';
  readonly stopGlue: boolean;
  /** The stage that `retryStage` and `skipStage` name. */
  readonly stage: StageName | undefined;
}

/** The names of activities that are made to fail. */
export const FAILING = [
  'adoptInputs',
  'archiveInputs',
  'awaitGlueRun',
  'ensureStructure',
  'findLiveGlueRuns',
  'judgeQuality',
  'prepareData',
  'publishKpis',
  'publishPlays',
  'quarantineInputs',
  'readProgress',
  'secureStoppedRun',
  'startGlueRun',
  'stopGlueRun',
  'updateProcessingState',
  'verifyGlueScripts',
  'verifyKpis',
] as const;
export type Failing = (typeof FAILING)[number];

/** Refused for good; refused once; done, but the answer is lost. */
export type FaultKind = 'operator' | 'retryable' | 'lost';

/** Most steps wait until nothing moves by itself, others come at any moment. */
export type Step = Move & { readonly calm: boolean };

export type Move =
  | { readonly kind: 'message'; readonly message: Message }
  /** Sent at the same time. */
  | { readonly kind: 'messages'; readonly messages: readonly [Message, Message] }
  | { readonly kind: 'twice'; readonly message: Message }
  | { readonly kind: 'glue'; readonly ended: EndedGlueRun }
  | { readonly kind: 'fault'; readonly activity: Failing; readonly fault: FaultKind }
  | { readonly kind: 'restart' }
  | { readonly kind: 'cancel' }
  | {
      readonly kind: 'terminate';
      readonly then: 'resume' | 'resume from' | 'start';
      readonly from: StageName;
    };

export interface Sequence {
  readonly steps: readonly Step[];
  readonly gate: 'pass' | 'hold';
  /** Stages whose Glue runs go on until a step ends them; those of the others succeed at once. */
  readonly waiting: readonly StageName[];
  /** Rounds and commands in a history: more than a run has, or so few that it moves on two or three times. */
  readonly historySteps: number;
  readonly finish: 'complete' | 'abort' | 'emergencyShutdown' | 'cancel';
}

export const GLUE_STAGES: readonly StageName[] = ['validation', 'kpi_computation', 'dynamodb_load'];

const message: fc.Arbitrary<Message> = fc.record({
  name: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<CommandName>('pause', 'resume', 'retryStage', 'approve') },
    { weight: 2, arbitrary: fc.constantFrom(...COMMAND_NAMES) },
  ),
  by: fc.constantFrom('ada', 'grace'),
  via: fc.oneof(
    { weight: 2, arbitrary: fc.constant('update') },
    { weight: 1, arbitrary: fc.constant('signal') },
  ),
  to: fc.oneof(
    { weight: 8, arbitrary: fc.constant('nobody') },
    { weight: 2, arbitrary: fc.constant('this run') },
    { weight: 1, arbitrary: fc.constant('another run') },
  ),
  stopGlue: fc.boolean(),
  stage: fc.option(fc.constantFrom(...STAGE_NAMES), { nil: undefined, freq: 8 }),
});

const failed = (errorMessage: string): EndedGlueRun => ({
  state: 'FAILED',
  errorMessage,
  executionSeconds: 9,
});

const ended: fc.Arbitrary<EndedGlueRun> = fc.oneof(
  { weight: 8, arbitrary: fc.constant(succeeded) },
  { weight: 2, arbitrary: fc.constant(failed('java.lang.OutOfMemoryError: Java heap space')) },
  { weight: 2, arbitrary: fc.constant(failed('a column is missing')) },
  { weight: 1, arbitrary: fc.constant({ state: 'TIMEOUT', executionSeconds: 600 }) },
  { weight: 1, arbitrary: fc.constant({ state: 'STOPPED', executionSeconds: 3 }) },
  // Tried again after 15 s, which makes a sequence long.
  { weight: 1, arbitrary: fc.constant({ state: 'ERROR', executionSeconds: 1 }) },
);

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 16, arbitrary: message.map((one): Move => ({ kind: 'message', message: one })) },
  {
    weight: 4,
    arbitrary: fc.tuple(message, message).map((both): Move => ({ kind: 'messages', messages: both })),
  },
  { weight: 2, arbitrary: message.map((one): Move => ({ kind: 'twice', message: one })) },
  { weight: 10, arbitrary: ended.map((how): Move => ({ kind: 'glue', ended: how })) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...FAILING),
        fc.constantFrom<FaultKind>('operator', 'operator', 'retryable', 'lost'),
      )
      .map(([activity, fault]): Move => ({ kind: 'fault', activity, fault })),
  },
  { weight: 2, arbitrary: fc.constant<Move>({ kind: 'restart' }) },
  { weight: 1, arbitrary: fc.constant<Move>({ kind: 'cancel' }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('resume', 'resume', 'resume from', 'start'), fc.constantFrom(...STAGE_NAMES))
      .map(([then, from]): Move => ({ kind: 'terminate', then, from })),
  },
);

const step: fc.Arbitrary<Step> = fc
  .tuple(move, fc.constantFrom(true, true, true, false))
  .map(([what, calm]) => ({ ...what, calm }));

const sequence: fc.Arbitrary<Sequence> = fc.record({
  steps: fc.array(step, { minLength: 4, maxLength: 16, size: 'max' }),
  gate: fc.constantFrom('pass', 'hold'),
  waiting: fc.subarray([...GLUE_STAGES], { minLength: 1 }),
  historySteps: fc.constantFrom(200, 12),
  finish: fc.constantFrom('complete', 'complete', 'abort', 'emergencyShutdown', 'cancel'),
});

/** The sequence of a seed, always the same one. */
export function sequenceOf(seed: number): Sequence {
  const [drawn] = fc.sample(sequence, { seed, numRuns: 1 });
  if (drawn === undefined) throw new Error(`No sequence for seed ${seed}`);
  return drawn;
}
