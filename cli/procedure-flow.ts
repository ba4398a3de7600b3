/**
 * A procedure at a terminal: show what it does as it does it, show its plan, ask for the approval, and end as it ends.
 * The approval names the digest of the plan that was shown, so what is carried out is what was looked at.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isUnknownSubject } from '../pipeline/failures.ts';
import { ClientError } from '../client/errors.ts';
import type { PipelineClient } from '../client/pipeline-client.ts';
import { procedureViewSchema } from '../client/procedure-view.ts';
import type { ProcedureView } from '../client/procedure-view.ts';
import type { ProcedureReference } from '../client/procedures.ts';
import type { CliContext } from './context.ts';
import { EXIT_CODES, type ExitCode } from './errors.ts';
import type { OutputFormat } from './output.ts';
import { showOutcome, showPlan, showWaiting } from './procedure-text.ts';
import { timelineLine } from './subject-text.ts';

/** Short against the seconds that steps take, long against what a query costs. */
const LOOK_INTERVAL_MS = 500;

/**
 * How long a procedure that has answered before may be silent: a worker that is deployed anew or killed is back by then.
 * One that has never answered has no worker, and its asker is told at once.
 */
const SILENT_MS = 90_000;

/** How it was asked for. */
export interface Flow {
  readonly by: string;
  readonly reason: string;
  /** Approve the plan without asking. */
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly output: OutputFormat;
}

/**
 * Follows a procedure until it ends, or waits for somebody else.
 * @param question said before the name is asked for, which approves the plan
 */
export async function carryOut(
  context: CliContext,
  client: PipelineClient,
  reference: ProcedureReference,
  flow: Flow,
  question: string,
): Promise<void> {
  context.out.note(`procedure ${reference.id}`);
  const timeline = new Timeline(context);
  for (;;) {
    const view = await untilItWaits(client, reference, timeline);
    if (view.waiting === null || view.plan === null) {
      end(context, view, flow);
      return;
    }
    if (flow.output !== 'json') showPlan(context.out, view);
    if (!(await decide(context, client, view, flow, question))) {
      end(context, await client.procedures.view(reference), flow);
      return;
    }
    await untilTaken(client, reference);
  }
}

/** @returns whether there is something to wait for */
async function decide(
  context: CliContext,
  client: PipelineClient,
  view: ProcedureView,
  { by, reason, yes }: Flow,
  question: string,
): Promise<boolean> {
  if (!yes && !context.canAsk) return false;
  if (
    yes ||
    (await context.typed(
      `${question} Type ${client.settings.pipeline} to approve:`,
      client.settings.pipeline,
    ))
  ) {
    const digest = view.plan?.digest ?? '';
    await client.procedures.command('approve', view, { by, reason, digest });
  } else {
    await client.procedures.command('reject', view, { by, reason: 'not confirmed at the terminal' });
  }
  return true;
}

class Timeline {
  readonly #context: CliContext;
  #shown = 0;
  #answeredAt: number | undefined;
  #silent = false;

  constructor(context: CliContext) {
    this.#context = context;
  }

  /** The worker has just answered, or did so a while ago. */
  get isAlive(): boolean {
    return this.#answeredAt !== undefined && Date.now() - this.#answeredAt < SILENT_MS;
  }

  show(view: ProcedureView): void {
    if (!view.answered) {
      if (!this.#silent && this.isAlive) this.#context.out.note('No worker answers; waiting for one.');
      this.#silent = true;
      return;
    }
    this.#silent = false;
    this.#answeredAt = Date.now();
    for (const entry of view.timeline.slice(this.#shown)) {
      this.#context.out.note(timelineLine(this.#context.out, entry));
    }
    this.#shown = Math.max(this.#shown, view.timeline.length);
  }
}

async function untilItWaits(
  client: PipelineClient,
  reference: ProcedureReference,
  timeline: Timeline,
): Promise<ProcedureView> {
  for (;;) {
    const view = await client.procedures.view(reference);
    if (view.endedAt === undefined && !view.answered && !timeline.isAlive) {
      throw new ClientError('Unreachable', `No worker answers for procedure ${reference.id}.`, {
        advice: 'Start a worker: the procedure goes on by itself. msp procedures show latest shows it.',
      });
    }
    timeline.show(view);
    const waits = view.waiting !== null || view.parked !== null || view.paused !== null;
    if (view.endedAt !== undefined || waits) return view;
    await sleep(LOOK_INTERVAL_MS);
  }
}

/** An approval is taken before its effect is seen. */
async function untilTaken(client: PipelineClient, reference: ProcedureReference): Promise<void> {
  for (;;) {
    const { waiting, endedAt, approval, plan } = await client.procedures.view(reference);
    if (waiting === null || endedAt !== undefined || approval?.digest !== plan?.digest) return;
    await sleep(LOOK_INTERVAL_MS);
  }
}

function end(context: CliContext, view: ProcedureView, { dryRun, output }: Flow): void {
  if (output === 'json') context.out.json(procedureViewSchema, view);
  else {
    if (view.endedAt !== undefined && view.approval === null) showPlan(context.out, view);
    showWaiting(context.out, view);
    showOutcome(context.out, view);
  }
  context.exitCode = endCode(view, dryRun);
}

function endCode({ status, endedAt, incomplete, failure }: ProcedureView, dryRun: boolean): ExitCode {
  if (endedAt === undefined) return EXIT_CODES.NeedsOperator;
  switch (status) {
    case 'Completed':
      return incomplete === true ? EXIT_CODES.Failed : EXIT_CODES.Ok;
    case 'Planned':
      return dryRun ? EXIT_CODES.Ok : EXIT_CODES.Failed;
    case 'Rejected':
      return EXIT_CODES.Refused;
    default:
      if (failure === 'ProcedureAtWork') return EXIT_CODES.Refused;
      return isUnknownSubject(failure) ? EXIT_CODES.NotFound : EXIT_CODES.Failed;
  }
}
