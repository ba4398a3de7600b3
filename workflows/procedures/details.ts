/** A procedure's current details: what the Temporal UI (*User Metadata*) and `temporal workflow metadata` show. */
import type { PlanSummary } from '../../pipeline/procedures/plan.ts';
import { PROCEDURES } from '../../pipeline/procedures/steps.ts';
import { gaveUp, list, notFollowed, paragraphs, time, verbatim, waysOn } from '../shared/markdown.ts';
import { openCommands } from './commands.ts';
import type { ProcedureCommandName } from './messages.ts';
import type { ProcedureState, StepState } from './state.ts';

export function describeProcedure(state: ProcedureState): string {
  const { procedure, outcome } = state;
  return paragraphs(
    headline(state),
    `${PROCEDURES[procedure].summary}.`,
    outcome === null ? '' : verbatim(outcome),
    situation(state),
    ways(state),
    plan(state),
    list(state.steps.map(stepLine)),
    notFollowed(state.timeline),
    whereabouts(state),
  );
}

function headline({ status, step }: ProcedureState): string {
  return `### ${status}${step === null ? '' : ` in ${step}`}`;
}

/** Why nothing happens. */
function situation({ paused, parked, waiting, awaitedRun }: ProcedureState): string {
  return paragraphs(
    paused === null ? '' : `Paused by ${paused.by} at ${time(paused.since)}: ${paused.reason}.`,
    parked === null ? '' : gaveUp(parked.since, parked.failure),
    waiting === null ? '' : 'The plan below waits for an approval; without one nothing is changed.',
    awaitedRun === null ? '' : `Waits for the run \`${awaitedRun}\`.`,
  );
}

/** Shown where somebody is waited for; at other times the steps are what people came for. */
function ways(state: ProcedureState): string {
  const { paused, parked, waiting, plan: made } = state;
  if (paused === null && parked === null && waiting === null) return '';
  return waysOn(
    openCommands(state).map((name) => `\`${name}\`: ${effectOf(name, made)}`),
    paused === null ? (parked ?? waiting)?.until : undefined,
  );
}

function effectOf(name: ProcedureCommandName, made: PlanSummary | null): string {
  switch (name) {
    case 'approve':
      return `carry the plan out; its digest besides: \`{"by": "…", "reason": "…", "digest": "${made?.digest ?? '…'}"}\``;
    case 'reject':
      return 'change nothing';
    case 'pause':
      return 'begin no further step until it is resumed';
    case 'resume':
      return 'go on where it stood';
    case 'retryStep':
      return 'do the step again';
    case 'abort':
      return 'end it where it stands; what it has done stays done';
  }
}

function plan({ plan: made, approval }: ProcedureState): string {
  if (made === null) return '';
  const { digest, lines, empty } = made;
  const approved =
    approval?.digest === digest ? `, approved by ${approval.by}: ${approval.reason}` : ', not approved';
  return paragraphs(
    `Plan \`${digest.slice(0, 12)}\`${empty ? ': nothing to do' : approved}`,
    empty ? '' : figures(made),
    list(lines.map(verbatim)),
  );
}

function figures({ objects, bytes, days, items, runs, minutes, dollars, lost }: PlanSummary): string {
  const counted = [`objects ${objects}`, `bytes ${bytes}`, `days ${days}`];
  const cost = [`items ${items}`, `runs ${runs}`, `about ${minutes} min`];
  const named = lost === 0 ? [] : [`**lost ${lost}**`];
  return [...counted, ...cost, `about $${dollars.toFixed(2)}`, ...named].join(', ');
}

function stepLine({ id, title, state, summary }: StepState): string {
  const said = summary === '' ? '' : `: ${summary}`;
  switch (state) {
    case 'done':
      return `✓ ${id} ${title}${said}`;
    case 'not needed':
      return `– ${id} ${title}${said}`;
    case 'running':
      return `▸ **${id} ${title}**${said}`;
    case 'parked':
      return `! **${id} ${title}**${said}`;
    case 'pending':
      return `${id} ${title}`;
  }
}

function whereabouts({ id, report }: ProcedureState): string {
  return report === null ? `Procedure \`${id}\`` : `Procedure \`${id}\`, report \`${report}\``;
}
