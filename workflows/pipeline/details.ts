/** The run's current details: what the Temporal UI (*User Metadata*) and `temporal workflow metadata` show. */
import { cut, firstFew } from '../../pipeline/first-few.ts';
import { STAGE_NAMES, STAGES } from '../../pipeline/stages.ts';
import { gaveUp, notFollowed, paragraphs, time, verbatim, waysOn } from '../shared/markdown.ts';
import { openCommands } from './commands.ts';
import type { CommandName } from './messages.ts';
import type { RunState } from './state.ts';

/** Characters of one text: a page of details has room for some of them. `msp status` and `msp quality` have the whole. */
const SHOWN = 1_000;

export function describeRun(state: RunState): string {
  return paragraphs(
    headline(state),
    situation(state),
    ways(state),
    notFollowed(state.timeline),
    progress(state),
    whereabouts(state),
  );
}

function headline({ status, stage, round }: RunState): string {
  const where = stage === null ? '' : ` in \`${stage}\`${round > 1 ? `, round ${round}` : ''}`;
  return `### ${status}${where}`;
}

/** What happens, or why nothing does. */
function situation(state: RunState): string {
  const { paused, parked, held, cleanup, glueRun, stage, ended, timeline } = state;
  const glue = glueRun === null ? '' : `Glue run \`${glueRun.jobRunId}\` of \`${glueRun.jobName}\``;
  if (cleanup !== null) return `Ending: ${cleanup}.`;
  // The last entry of a run that has ended says how it did.
  if (ended !== null) return verbatim(timeline.findLast(({ refused }) => refused !== true)?.what ?? '');
  const parts: string[] = [];
  if (paused !== null) {
    const what = paused.stopGlue ? 'is being stopped' : 'goes on, and its result is kept';
    const goesOn = glue === '' ? '' : ` ${glue} ${what}.`;
    parts.push(
      `Paused by ${paused.by} at ${time(paused.since)}: ${paused.reason}. Nothing new begins.${goesOn}`,
    );
  }
  if (parked !== null) {
    const { failure, since } = parked;
    parts.push(gaveUp(since, { ...failure, message: cut(failure.message, SHOWN) }));
  } else if (held !== null) {
    const reasons = held.verdict.reasons.map((reason) => `- ${verbatim(cut(reason, SHOWN))}`).join('\n');
    parts.push(`Held at the quality gate since ${time(held.since)}; nothing is published yet:`, reasons);
  } else if (paused === null && stage !== null) {
    parts.push(`To do: ${STAGES[stage].summary}.${glue === '' ? '' : ` ${glue}.`}`);
  }
  return parts.join('\n\n');
}

/** What an operator can do. While nothing waits for one, the list of stages is what people came for. */
function ways(state: RunState): string {
  const wait = state.parked ?? state.held;
  if (wait === null && state.paused === null) return '';
  return waysOn(
    openCommands(state).map((name) => `\`${name}\`: ${effectOf(name, state)}`),
    state.paused === null ? wait?.until : undefined,
  );
}

function effectOf(name: CommandName, { parked }: RunState): string {
  switch (name) {
    case 'retryStage': {
      const script = parked === null ? undefined : STAGES[parked.stage].script;
      const overrides =
        script === undefined ? '' : '; `overrides` change the size or time limit of its Glue run';
      return `run the stage again${overrides}`;
    }
    case 'skipStage':
      return `go on without the stage: ${parked === null ? '' : (STAGES[parked.stage].skipping ?? '')}`;
    case 'approve':
      return 'publish the accepted plays; what they replace stops counting';
    case 'reject':
      return 'set the inputs aside and publish nothing';
    case 'pause':
      return 'begin nothing new until the run is resumed';
    case 'resume':
      return 'go on where the run stood';
    case 'emergencyShutdown':
      return 'stop now, Glue run included; `msp recover run` goes on with it';
    case 'abort':
      return 'end the run, aborted; its inputs are free for a next run';
  }
}

function progress({ checkpoints, stage, parked, held, paused }: RunState): string {
  const done = checkpoints.map(({ stage: name, outcome, summary }) => {
    const text = [outcome === 'done' ? '' : outcome, summary].filter((part) => part !== '').join(', ');
    return `- ${outcome === 'done' ? '✓' : '–'} ${name}${text === '' ? '' : `: ${text}`}`;
  });
  if (stage === null) return done.join('\n');
  const finished = new Set<string>(checkpoints.map((checkpoint) => checkpoint.stage));
  const waits = parked !== null || held !== null || paused !== null;
  const current = finished.has(stage) ? [] : [`- ${waits ? '!' : '▸'} **${stage}**`];
  const next = STAGE_NAMES.filter((name) => name !== stage && !finished.has(name));
  const then = next.length === 0 ? [] : [`Then: ${next.join(', ')}`];
  return [[...done, ...current].join('\n'), ...then].join('\n\n');
}

function whereabouts({ run, days, dayCount }: RunState): string {
  const published = dayCount === 0 ? '' : `Days ${firstFew(days, dayCount)}. `;
  return `${published}Its records are under \`processed/runs/${run}/\`.`;
}
