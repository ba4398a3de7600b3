/** The report that a procedure leaves, as a document and as a page for people. */
import type { PlanSummary } from './plan.ts';
import { PROCEDURES } from './steps.ts';
import type { ProcedureName, StepId } from './steps.ts';

/** What the workflow says of itself at its end. */
export interface ProcedureRecord {
  readonly id: string;
  readonly procedure: ProcedureName;
  readonly status: string;
  readonly startedAt: string;
  readonly plan: PlanSummary | null;
  readonly approval: {
    readonly by: string;
    readonly reason: string;
    readonly digest: string;
    readonly at: string;
  } | null;
  readonly steps: readonly {
    readonly id: StepId;
    readonly title: string;
    readonly state: string;
    readonly round: number;
    readonly startedAt?: string;
    readonly finishedAt?: string;
    readonly summary: string;
  }[];
  readonly timeline: readonly {
    readonly at: string;
    readonly what: string;
    readonly by?: string;
    readonly reason?: string;
  }[];
  readonly outcome: string | null;
}

export interface ProcedureReport extends ProcedureRecord {
  readonly version: 1;
  readonly finishedAt: string;
  readonly by: string;
  readonly reason: string;
  readonly request: object;
}

export function reportPage(report: ProcedureReport): string {
  const { id, procedure, status, outcome, by, reason, startedAt, finishedAt, plan, approval } = report;
  const head = [
    `# ${PROCEDURES[procedure].summary}`,
    [
      `- procedure: \`${id}\` (${procedure})`,
      `- ended: **${status}**${outcome === null ? '' : `, ${outcome}`}`,
      `- asked for by ${by}: ${reason}`,
      `- from ${startedAt} to ${finishedAt}`,
      approval === null
        ? '- no plan was approved'
        : `- plan \`${approval.digest}\` approved by ${approval.by} at ${approval.at}: ${approval.reason}`,
    ].join('\n'),
  ];
  const steps = report.steps.map(
    ({ id: step, title, state, round, summary }) =>
      `| ${step} | ${title} | ${state} | ${round} | ${cell(summary)} |`,
  );
  const timeline = report.timeline.map(({ at, what, by: who, reason: why }) => {
    const said = who === undefined ? '' : ` (${who}${why === undefined ? '' : `: ${why}`})`;
    return `- ${at} ${what}${said}`;
  });
  return [
    ...head,
    ...(plan === null
      ? []
      : ['## Plan', `\`${plan.key}\``, plan.lines.map((line) => `- ${line}`).join('\n')]),
    '## Steps',
    ['| step | what | state | rounds | result |', '| --- | --- | --- | --- | --- |', ...steps].join('\n'),
    '## Timeline',
    timeline.join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
