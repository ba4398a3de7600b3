/** What the Temporal UI shows of a shutdown: its current details, in Markdown. */
import type { ShutdownStatus } from './messages.ts';
import type { ShutdownStep } from './steps.ts';

const MARKS: Readonly<Record<ShutdownStep['state'], string>> = {
  pending: '·',
  running: '▸',
  done: '✓',
  failed: '!',
};

/** Of the chains; the report has all. */
const NAMED = 10;

export function describeShutdown(status: ShutdownStatus): string {
  const {
    shutdown,
    by,
    reason,
    dryRun,
    phase,
    schedules,
    runs,
    procedures,
    chains,
    glueRuns,
    open,
    problems,
  } = status;
  const steps = status.steps.map(({ id, title, state }) => `- ${MARKS[state]} ${id} ${title}`);
  const orphans = glueRuns.filter(({ orphan }) => orphan).length;
  const [paused, stopped, chainsEnded] = dryRun
    ? ['to pause', 'to stop', 'to end']
    : ['paused', 'stopped', 'ended'];
  const names = procedures.map(({ run, workflowId }) => run ?? workflowId);
  const ended = dryRun
    ? 'Only a look: nothing was stopped.'
    : `Undo it with \`msp resume --shutdown ${shutdown}\`.`;
  return [
    `**Emergency shutdown** by ${by}: ${reason}`,
    [
      `- schedules ${paused}: ${schedules.paused.join(', ') || 'none'}`,
      ...schedules.pausedBefore.map(({ id }) => `- paused already: ${id}`),
      `- runs ${stopped}: ${runs.length}`,
      ...(names.length === 0 ? [] : [`- procedures ${paused}: ${names.join(', ')}`]),
      ...chains
        .slice(0, NAMED)
        .map(({ workflowId, cron }) => `- cron chain ${chainsEnded}: ${workflowId} (${cron})`),
      ...(chains.length > NAMED ? [`- and ${chains.length - NAMED} more chains`] : []),
      `- Glue runs ${stopped}: ${glueRuns.length}${orphans === 0 ? '' : `, ${orphans} of them watched by no run`}`,
      ...(open.length === 0 ? [] : [`- still ending: ${open.join(', ')}`]),
      ...Object.entries(problems).map(([step, message]) => `- **could not ${step}**: ${message}`),
    ].join('\n'),
    steps.join('\n'),
    phase === 'done' ? ended : `Now ${phase}.`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}
