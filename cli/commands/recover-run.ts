/** `msp recover run`: a closed run goes on from where it stood. */
import type { Command } from 'commander';
import { z } from 'zod';
import { pausedSchema } from '../../pipeline/checkpoint.ts';
import { STAGE_NAMES } from '../../pipeline/stages.ts';
import type { RecoveryPlan } from '../../client/run-recovery.ts';
import { ClientError } from '../../client/errors.ts';
import { withoutUndefined } from '../../client/optional.ts';
import { addClientCommand, flag, option } from '../command.ts';
import type { CliContext } from '../context.ts';
import { OUTPUT, OVERRIDES, reason, runArgument, YES } from '../options.ts';
import { overriding, showStarted } from './runs.ts';

/** @param recover the command `msp recover`, which others extend */
export function addRecoverRun(recover: Command, context: CliContext): void {
  const declared = {
    summary: 'go on with a run that failed, was stopped or was terminated',
    description:
      'Goes on with a closed run as the same run: what it finished is kept, a Glue run that lives or has succeeded is ' +
      'adopted, the rest runs. Shows first what is kept and what runs again. A run that is only parked is retried ' +
      'with msp retry.',
    argument: runArgument,
    options: {
      from: option(
        '--from <stage>',
        'do this stage and all after it again',
        z.enum(STAGE_NAMES).optional(),
        (each) => each.choices(STAGE_NAMES),
      ),
      reset: flag('--reset', 'rewind the closed execution on the server instead of starting another'),
      reason: reason('why; stands in the history'),
      dryRun: flag('--dry-run', 'only show what is kept and what runs again'),
      wait: flag('--wait', 'wait for the end, showing progress'),
      yes: YES,
      output: OUTPUT,
      ...OVERRIDES,
    },
    examples: [
      'msp recover run latest --reason "the scripts are mended"',
      'msp recover run latest --from kpi_computation --reason "new genres" --worker-type G.2X --yes',
      'msp recover run latest --reset --reason "bad worker build" --yes',
    ],
  };
  addClientCommand(recover, context, 'run', declared, async (client, options, run) => {
    const { from, reset, reason: why, dryRun, wait, yes, output, ...glue } = options;
    const chosen = { ...withoutUndefined({ from }), ...overriding(glue), reason: why };
    if (reset && chosen.overrides !== undefined) {
      throw new ClientError('WrongUse', 'A reset can not change the Glue runs: its input stays the same.', {
        advice: 'Leave --reset out, or the overrides.',
      });
    }
    const reference = await client.runs.find(run);
    const plan = await client.recovery.plan(reference, from, reset ? 'reset' : 'resume');
    if (output === 'json' && dryRun) context.out.json(planSchema, planView(plan));
    else if (output !== 'json') showPlan(context, plan, reset);
    if (dryRun) return;
    await context.confirm(`Go on with ${plan.workflowId}?`, yes);
    const started = await client.recovery[reset ? 'reset' : 'resume'](reference, chosen);
    await showStarted(context, client, started, { wait, output });
  });
}

const planSchema = z.object({
  run: z.string(),
  workflowId: z.string(),
  runId: z.string(),
  kept: z.array(z.object({ stage: z.string(), outcome: z.string(), summary: z.string() })),
  again: z.array(z.string()),
  paused: pausedSchema.optional(),
});

function planView({ kept, again, ...run }: RecoveryPlan): z.output<typeof planSchema> {
  return {
    ...run,
    kept: kept.map(({ stage, outcome, summary }) => ({ stage, outcome, summary })),
    again: [...again],
  };
}

function showPlan(
  { out }: CliContext,
  { kept, again, paused, workflowId }: RecoveryPlan,
  reset: boolean,
): void {
  out.heading('Kept');
  if (kept.length === 0) out.line('nothing');
  for (const { stage, summary } of kept) out.line(`${out.colors.green('✓')} ${stage.padEnd(24)}  ${summary}`);
  out.heading('Runs');
  for (const stage of again) out.line(`  ${stage}`);
  // What a rewound run is told depends on how far it is rewound.
  if (paused === undefined || reset) return;
  out.line(`Still paused by ${paused.by}: ${paused.reason}.`);
  out.line(`It begins nothing before msp resume ${workflowId} --reason "…".`);
}
