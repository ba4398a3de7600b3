/** A procedure in words. */
import { PROCEDURES } from '../pipeline/procedures/steps.ts';
import type { ProcedureView } from '../client/procedure-view.ts';
import { between, bytes, count, plural, time } from './format.ts';
import type { Output } from './output.ts';

/** Last entries of the timeline; `-o json` has all. */
const TIMELINE_SHOWN = 15;

export function showProcedure(out: Output, view: ProcedureView): void {
  const { id, procedure, workflowId, status, startedAt, endedAt, report } = view;
  out.fields([
    ['procedure', id],
    ['what', PROCEDURES[procedure].summary],
    ['workflow id', workflowId],
    ['status', `${out.status(status)}${view.step === undefined ? '' : ` in ${view.step}`}`],
    ['started', time(startedAt)],
    ['ended', endedAt === undefined ? undefined : `${time(endedAt)}, after ${between(startedAt, endedAt)}`],
    ['waits for run', view.run ?? undefined],
    ['report', report ?? undefined],
  ]);
  if (!view.answered)
    out.note(
      '\nThe procedure itself did not answer: no worker polls its task queue, or its workflow task fails (see the UI).',
    );
  showPlan(out, view);
  if (view.steps.length > 0) {
    out.heading('Steps');
    for (const { id: step, title, state, summary } of view.steps) {
      const said = summary === '' ? '' : `: ${summary}`;
      out.line(
        `${mark(out, state)} ${step.padEnd(8)} ${title}${state === 'pending' ? '' : ` (${state})`}${said}`,
      );
    }
  }
  if (view.timeline.length > 0) {
    out.heading('Timeline');
    for (const entry of view.timeline.slice(-TIMELINE_SHOWN)) out.line(timelineLine(out, entry));
  }
  showWaiting(out, view);
  showOutcome(out, view);
}

function mark(out: Output, state: string): string {
  if (state === 'done') return out.colors.green('✓');
  if (state === 'not needed') return '-';
  return state === 'parked' ? out.colors.yellow('!') : ' ';
}

export function timelineLine(
  out: Output,
  { at, what, by, reason }: ProcedureView['timeline'][number],
): string {
  const who = by === undefined ? '' : ` by ${by}${reason === undefined ? '' : `: ${reason}`}`;
  return `${out.colors.dim(time(at))}  ${what}${who}`;
}

/** The plan as a table of its figures, and line by line. */
export function showPlan(out: Output, { plan }: ProcedureView): void {
  if (plan === null) return;
  out.heading(`Plan ${plan.digest.slice(0, 12)}`);
  if (plan.empty) out.line('nothing to do');
  else {
    out.table(
      [plan],
      [
        { title: 'objects', value: ({ objects }) => count(objects), right: true },
        { title: 'size', value: (row) => bytes(row.bytes), right: true },
        { title: 'days', value: ({ days }) => count(days), right: true },
        { title: 'items', value: ({ items }) => count(items), right: true },
        { title: 'runs', value: ({ runs }) => count(runs), right: true },
        { title: 'takes about', value: ({ minutes }) => plural(minutes, 'minute'), right: true },
        { title: 'costs about', value: ({ dollars }) => `$${dollars.toFixed(2)}`, right: true },
        { title: 'lost', value: ({ lost }) => count(lost), right: true },
      ],
    );
  }
  for (const line of plan.lines) out.line(`  ${line.startsWith('LOST') ? out.colors.red(line) : line}`);
}

export function showWaiting(out: Output, view: ProcedureView): void {
  const { id, plan, waiting, parked, paused } = view;
  if (paused !== null) {
    out.line(`\n${out.toned('waiting', 'paused')} by ${paused.by}: ${paused.reason}`);
    out.line(`  msp procedures resume ${id} --reason "…"`);
  }
  if (parked !== null) {
    const { failure, step, until } = parked;
    out.line(`\n${out.toned('waiting', 'parked')} in ${step} until ${time(until)}: ${failure.type}`);
    out.line(`  ${failure.message}\n  ${failure.advice}`);
    out.line(`  msp procedures retry ${id} --reason "…"\n  msp procedures abort ${id} --reason "…"`);
  }
  if (waiting !== null && plan !== null) {
    out.line(
      `\nThe plan waits for an approval until ${time(waiting.until)}; without one nothing is changed.`,
    );
    out.line(`  msp procedures approve ${id} --digest ${plan.digest} --reason "…"`);
    out.line(`  msp procedures reject ${id} --reason "…"`);
  }
}

export function showOutcome(
  out: Output,
  { outcome, status, incomplete, report, endedAt }: ProcedureView,
): void {
  if (endedAt === undefined || outcome === null) return;
  out.line(`\n${incomplete === true ? out.toned('bad', status) : out.status(status)}: ${outcome}`);
  if (report !== null) out.note(`The report is ${report}.`);
}
