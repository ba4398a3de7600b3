/** The run's current details: Markdown that the Temporal UI and `temporal workflow metadata` show. */
import { STAGE_NAMES, STAGES } from '../../pipeline/stages.ts';
import { openCommands } from './commands.ts';
import type { RunState } from './state.ts';

export function describeRun(state: RunState): string {
  return [headline(state), waiting(state), progress(state)].filter((part) => part !== '').join('\n\n');
}

function headline({ status, stage, round, glueRun, run, cleanup, days }: RunState): string {
  const lines = [
    `**${status}**${stage === null ? '' : ` in \`${stage}\`${round > 1 ? `, round ${String(round)}` : ''}`}`,
  ];
  if (stage !== null) lines.push(STAGES[stage].summary);
  if (glueRun !== null) lines.push(`Glue run \`${glueRun.jobRunId}\` of \`${glueRun.jobName}\``);
  if (cleanup !== null) lines.push(cleanup);
  lines.push(`Run \`${run}\`${days.length > 0 ? `, days ${days.join(', ')}` : ''}`);
  return lines.join('  \n');
}

function waiting(state: RunState): string {
  const commands = openCommands(state)
    .map((name) => `\`${name}\``)
    .join(', ');
  if (state.paused !== null) {
    const { by, reason, since } = state.paused;
    const glue = state.glueRun === null ? '' : ' The Glue run goes on, and its result is kept.';
    return `Paused by ${by} since ${since}: ${reason}.${glue} Nothing else begins. Ways on: ${commands}.`;
  }
  if (state.parked !== null) {
    const { failure, since, until } = state.parked;
    return [
      `Parked since ${since}: **${failure.type}**`,
      `> ${failure.message.replaceAll('\n', '\n> ')}`,
      failure.advice,
      `Ways on: ${commands}. Without one the run ends as failed at ${until}.`,
    ].join('\n\n');
  }
  if (state.held !== null) {
    const { verdict, since, until } = state.held;
    return [
      `Held at the quality gate since ${since}; nothing is published yet.`,
      verdict.reasons.map((reason) => `- ${reason}`).join('\n'),
      `Ways on: ${commands}. Without one the run ends as failed at ${until}.`,
    ].join('\n\n');
  }
  return '';
}

function progress({ checkpoints, stage }: RunState): string {
  const done = checkpoints.map(({ stage: name, outcome, summary }) => {
    const mark = outcome === 'done' ? 'x' : '-';
    return `- [${mark}] ${name}${outcome === 'done' ? '' : ` (${outcome})`}${summary === '' ? '' : `: ${summary}`}`;
  });
  const next = STAGE_NAMES.filter((name) => name !== stage && !checkpoints.some((c) => c.stage === name));
  const open = [...(stage === null ? [] : [`- [ ] **${stage}**`]), ...next.map((name) => `- [ ] ${name}`)];
  return [...done, ...(stage === null ? [] : open)].join('\n');
}
