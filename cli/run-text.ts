/** A run in words. */
import { firstFew } from '../pipeline/first-few.ts';
import { STAGES } from '../pipeline/stages.ts';
import { stagesAhead, type RunView } from '../client/run-view.ts';
import { between, count, time } from '../pipeline/format.ts';
import type { Output } from './output.ts';
import { endedText, noteSilence, showTimeline, timelineLine, waysOn, whyParked } from './subject-text.ts';

/** Entries that the list of stages has already. */
const ENDED_STAGE = /^[a-z0-9_]+: (done|skipped|not needed)/;

export function showRun(out: Output, view: RunView): void {
  out.fields([
    ['workflow id', view.workflowId],
    ['run', view.run],
    ['status', statusLine(out, view)],
    ['started', `${time(view.startedAt)}${view.trigger === undefined ? '' : ` (${view.trigger})`}`],
    [
      'waits until',
      view.waitsUntil === undefined ? undefined : `${time(view.waitsUntil)}, by its cron schedule`,
    ],
    ['ended', endedText(view)],
    ['days', firstFew(view.days, view.dayCount)],
    ['Glue run', glueLine(view)],
  ]);
  if (!view.answered && view.waitsUntil === undefined) noteSilence(out, 'run');
  if (view.checkpoints.length > 0) {
    out.heading('Stages');
    for (const line of stageLines(out, view)) out.line(line);
  }
  showTimeline(
    out,
    view.timeline.filter(({ what }) => !ENDED_STAGE.test(what)),
  );
  for (const line of waitingLines(out, view)) out.line(line);
  if (view.end !== undefined) showEnd(out, view);
}

/** Signals that were not followed, with their times. */
export function refusedLines(out: Output, { timeline }: RunView): string[] {
  return timeline.filter(({ refused }) => refused === true).map((entry) => timelineLine(out, entry));
}

/** The end of a run, or what it waits for. */
export function showEnd(out: Output, view: RunView): void {
  const { end } = view;
  if (end === undefined) {
    for (const line of waitingLines(out, view)) out.line(line);
    return;
  }
  out.line();
  if (end.ended === 'failed') {
    out.line(`${out.colors.red('failed')}: ${end.message}`);
    return;
  }
  const days = firstFew(
    end.days.map(({ day, edition }) => `${day} (edition ${edition})`),
    end.dayCount,
  );
  out.line(`${out.colors.green(end.outcome)}${days === '' ? '' : `: ${days}`}`);
  if (end.rows !== undefined) {
    const { delivered, valid, duplicate, rejected, underReview } = end.rows;
    out.line(
      `${count(delivered)} rows: ${count(valid)} valid, ${count(duplicate)} duplicate, ${count(rejected)} rejected, ` +
        `${count(underReview)} under review`,
    );
  }
  const [first] = end.days;
  if (first !== undefined)
    out.note(
      `\nmsp kpis --date ${first.day} shows its KPIs, msp quality ${view.workflowId} what validation found.`,
    );
}

export function statusLine(out: Output, { status, stage, round }: RunView): string {
  const where =
    stage === undefined ? '' : ` in ${stage}${round !== undefined && round > 1 ? `, round ${round}` : ''}`;
  return `${out.status(status)}${where}`;
}

export function glueLine({ glueRun }: RunView): string | undefined {
  if (glueRun === undefined) return undefined;
  return `${glueRun.jobRunId.slice(0, 20)} of ${glueRun.jobName}${glueRun.state === undefined ? '' : `: ${glueRun.state}`}`;
}

export function stageLines(out: Output, view: RunView): string[] {
  const { dim, green, yellow, bold } = out.colors;
  const width = 24;
  const past = view.checkpoints.map(({ stage, outcome, summary, startedAt, finishedAt }) => {
    const mark = outcome === 'done' ? green('✓') : dim('-');
    const took = outcome === 'done' ? dim(between(startedAt, finishedAt).padStart(9)) : ' '.repeat(9);
    const text = outcome === 'done' ? summary : `${outcome}${summary === '' ? '' : `: ${summary}`}`;
    return `${mark} ${stage.padEnd(width)}${took}  ${text}`;
  });
  const { stage } = view;
  const waits = (view.paused ?? view.parked ?? view.held) !== undefined;
  // A stage may have ended between the two questions that the view is made of.
  const atWork = stage !== undefined && !view.checkpoints.some((each) => each.stage === stage);
  const current =
    !atWork || view.end !== undefined
      ? []
      : [`${waits ? yellow('!') : '▸'} ${bold(stage.padEnd(width))}${' '.repeat(9)}  ${currentText(view)}`];
  const ahead = view.end === undefined ? stagesAhead(view).map((name) => dim(`  ${name}`)) : [];
  return [...past, ...current, ...ahead];
}

function currentText(view: RunView): string {
  if (view.parked !== undefined) return `parked: ${view.parked.failure.type}`;
  if (view.held !== undefined) return 'held for an operator';
  if (view.paused !== undefined && view.glueRun === undefined) return 'paused';
  const stage = Object.entries(STAGES).find(([name]) => name === view.stage);
  return glueLine(view) ?? stage?.[1].summary ?? '';
}

/** What a run waits for and the ways on. */
export function waitingLines(out: Output, view: RunView): string[] {
  const { parked, held, paused, commands, workflowId } = view;
  const ways = commands.map((name) => `msp ${VERBS[name]} ${workflowId}`);
  return waysOn(out, whyItWaits(view), ways, paused === undefined ? (parked ?? held)?.until : undefined);
}

function whyItWaits({ paused, parked, held, glueRun }: RunView): string[] {
  if (paused !== undefined) {
    const { by, since, reason, stopGlue } = paused;
    const what = stopGlue ? 'is being stopped' : 'goes on, and the result is kept';
    const glue = glueRun === undefined ? '' : ` Its Glue run ${what}.`;
    return [`Paused by ${by} since ${time(since)}: ${reason}.${glue}`];
  }
  if (parked !== undefined) return whyParked(parked.stage, parked);
  if (held === undefined) return [];
  return [
    `Held at the quality gate since ${time(held.since)}; nothing is published yet.`,
    ...held.reasons.map((reason) => `  - ${reason}`),
  ];
}

const VERBS = {
  pause: 'pause',
  resume: 'resume',
  retryStage: 'retry',
  skipStage: 'skip',
  approve: 'approve',
  reject: 'reject',
  emergencyShutdown: 'shutdown --run',
  abort: 'abort',
} as const;
