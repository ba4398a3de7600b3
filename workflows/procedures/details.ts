/** A procedure's current details: Markdown that the Temporal UI and `temporal workflow metadata` show. */
import { PROCEDURES } from '../../pipeline/procedures/steps.ts';
import { openCommands } from './commands.ts';
import type { ProcedureState } from './state.ts';

export function describeProcedure(state: ProcedureState): string {
  return [headline(state), plan(state), waiting(state), steps(state)]
    .filter((part) => part !== '')
    .join('\n\n');
}

function headline({ id, procedure, status, step, run, outcome, report }: ProcedureState): string {
  return [
    `**${status}**${step === null ? '' : ` in \`${step}\``}`,
    PROCEDURES[procedure].summary,
    `Procedure \`${id}\``,
    ...(run === null ? [] : [`Waits for pipeline run \`${run}\``]),
    ...(outcome === null ? [] : [outcome]),
    ...(report === null ? [] : [`Report \`${report}\``]),
  ].join('  \n');
}

function plan({ plan: made, approval }: ProcedureState): string {
  if (made === null) return '';
  const { digest, objects, bytes, days, items, runs, minutes, dollars, lost, lines } = made;
  const figures =
    `${String(objects)} objects (${String(bytes)} bytes), ${String(days)} days, ${String(items)} items, ` +
    `${String(runs)} runs, about ${String(minutes)} min and $${dollars.toFixed(2)}`;
  const approved =
    approval?.digest === digest ? `Approved by ${approval.by}: ${approval.reason}` : 'Not approved';
  return [
    `Plan \`${digest}\`: ${made.empty ? 'nothing to do' : figures}${lost === 0 ? '' : `, **${String(lost)} lost**`}`,
    lines.map((line) => `- ${line}`).join('\n'),
    approved,
  ].join('\n\n');
}

function waiting(state: ProcedureState): string {
  const { paused, parked, waiting: asking, plan: made } = state;
  const commands = openCommands(state)
    .map((name) => `\`${name}\``)
    .join(', ');
  const parts: string[] = [];
  if (paused !== null) parts.push(`Paused since ${paused.since} by ${paused.by}: ${paused.reason}`);
  if (parked !== null) {
    const { failure, since, until } = parked;
    parts.push(
      `Parked since ${since}: **${failure.type}**`,
      `> ${failure.message.replaceAll('\n', '\n> ')}`,
      failure.advice,
      `Without a command the procedure ends at ${until}.`,
    );
  }
  if (asking !== null && made !== null) {
    parts.push(
      `Waits for an approval since ${asking.since}; without one it ends at ${asking.until} and nothing is changed.`,
      `Approve with \`{"by": "…", "reason": "…", "digest": "${made.digest}"}\``,
    );
  }
  if (parts.length > 0 && commands !== '') parts.push(`Ways on: ${commands}.`);
  return parts.join('\n\n');
}

function steps({ steps: all }: ProcedureState): string {
  return all
    .map(({ id, title, state, summary }) => {
      const mark = state === 'done' || state === 'not needed' ? 'x' : ' ';
      const said = state === 'pending' || state === 'done' ? '' : ` (${state})`;
      return `- [${mark}] ${id} ${title}${said}${summary === '' ? '' : `: ${summary}`}`;
    })
    .join('\n');
}
