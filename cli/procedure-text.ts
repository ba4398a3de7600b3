/** A procedure in words. */
import { PROCEDURES } from '../pipeline/procedures/steps.ts';
import type { ProcedureView } from '../client/procedure-view.ts';
import { bytes, count, plural, time } from '../pipeline/format.ts';
import type { Output } from './output.ts';
import { endedText, noteSilence, showTimeline, waysOn, whyParked } from './subject-text.ts';

export function showProcedure(out: Output, view: ProcedureView): void {
  const { id, procedure, workflowId, status, startedAt, report } = view;
  out.fields([
    ['procedure', id],
    ['what', PROCEDURES[procedure].summary],
    ['workflow id', workflowId],
    ['status', `${out.status(status)}${view.step === undefined ? '' : ` in ${view.step}`}`],
    ['started', time(startedAt)],
    ['ended', endedText(view)],
    ['waits for run', view.awaitedRun ?? undefined],
    ['report', report ?? undefined],
  ]);
  if (!view.answered) noteSilence(out, 'procedure');
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
  showTimeline(out, view.timeline);
  showWaiting(out, view);
  showOutcome(out, view);
}

function mark(out: Output, state: string): string {
  if (state === 'done') return out.colors.green('✓');
  if (state === 'not needed') return '-';
  return state === 'parked' ? out.colors.yellow('!') : ' ';
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

/** What a procedure waits for and the ways on. */
export function showWaiting(out: Output, view: ProcedureView): void {
  const { id, plan, waiting, parked, paused, commands } = view;
  const ways = commands.map((name) => {
    const digest = name === 'approve' && plan !== null ? ` --digest ${plan.digest}` : '';
    return `msp procedures ${name === 'retryStep' ? 'retry' : name} ${id}${digest}`;
  });
  const until = paused === null ? (parked ?? waiting)?.until : undefined;
  for (const line of waysOn(out, whyItWaits(view), ways, until)) out.line(line);
}

function whyItWaits({ waiting, parked, paused }: ProcedureView): string[] {
  if (paused !== null) return [`Paused by ${paused.by} since ${time(paused.since)}: ${paused.reason}.`];
  if (parked !== null) return whyParked(parked.step, parked);
  return waiting === null ? [] : ['The plan waits for an approval; without one nothing is changed.'];
}

export function showOutcome(
  out: Output,
  { outcome, status, incomplete, report, endedAt }: ProcedureView,
): void {
  if (endedAt === undefined || outcome === null) return;
  out.line(`\n${incomplete === true ? out.toned('bad', status) : out.status(status)}: ${outcome}`);
  if (report !== null) out.note(`The report is ${report}.`);
}
