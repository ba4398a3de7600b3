/** `msp schedules`: the declared schedule on the server. */
import type { Command } from 'commander';
import { z } from 'zod';
import {
  applyResultSchema,
  scheduleSchema,
  type ApplyResult,
  type ScheduleView,
} from '../../client/schedules.ts';
import type { PipelineClient } from '../../client/pipeline-client.ts';
import { addClientCommand, argument, flag } from '../command.ts';
import type { CliContext } from '../context.ts';
import { time } from '../../pipeline/format.ts';
import { OUTPUT, reason } from '../options.ts';
import type { Output } from '../output.ts';

export function addScheduleCommands(program: Command, context: CliContext): void {
  const schedules = program
    .command('schedules')
    .summary('the declared schedule')
    .description(
      'The schedule that the pipeline declares (MSP_SCHEDULE_CRON, MSP_SCHEDULE_TIMEZONE): everything that has arrived.',
    );
  addApply(schedules, context);
  addList(schedules, context);
  for (const change of CHANGES) addChange(schedules, context, change);
}

function addApply(schedules: Command, context: CliContext): void {
  const declared = {
    summary: 'make the declared schedule true',
    description:
      'Creates the schedule, or updates what differs and says what that was. A paused one stays paused. Removes it where MSP_SCHEDULE_CRON is none.',
    options: { dryRun: flag('--dry-run', 'only say what would change'), output: OUTPUT },
    examples: ['msp schedules apply --dry-run', 'msp schedules apply'],
  };
  addClientCommand(schedules, context, 'apply', declared, async (client, { output, dryRun }) => {
    const result = await client.schedules.apply({ dryRun });
    if (output === 'json') context.out.json(applyResultSchema, result);
    else showApplied(context.out, result, dryRun);
  });
}

function showApplied(out: Output, { id, outcome, differences }: ApplyResult, dryRun: boolean): void {
  if (outcome === 'none') {
    out.line(`${id}: no schedule is declared, and none is there`);
    return;
  }
  const would = dryRun && outcome !== 'unchanged' ? 'would be ' : '';
  const removed = outcome === 'removed' ? ', since MSP_SCHEDULE_CRON declares none' : '';
  out.line(`${id}: ${would}${outcome}${removed}`);
  for (const { field, declared, actual } of differences)
    out.line(`  ${field}: ${out.colors.red(actual)} -> ${out.colors.green(declared)}`);
}

function addList(schedules: Command, context: CliContext): void {
  const declared = {
    summary: 'schedules and what comes next',
    description:
      'Schedules and cron chains that start the pipeline: times, state, next and last run, starts left out, differences from the declaration.',
    options: { output: OUTPUT },
    examples: ['msp schedules list', 'msp schedules list -o json'],
  };
  addClientCommand(schedules, context, 'list', declared, async (client, { output }) => {
    const found = await client.schedules.listWithChains();
    context.out.rows(
      output,
      z.array(scheduleSchema),
      found,
      [
        { title: 'schedule', value: ({ id }) => id },
        { title: 'times', value: ({ times }) => times },
        { title: 'state', value: stateOf },
        { title: 'next', value: ({ nextAt, paused }) => (paused ? '' : time(nextAt)) },
        { title: 'last run', value: ({ lastRun }) => lastRun ?? '' },
        { title: 'left out', value: ({ skippedOverlap, missed }) => skippedOverlap + missed, right: true },
        { title: 'as declared', value: asDeclared },
      ],
      'no schedule yet; msp schedules apply creates it',
    );
    if (output !== 'json' && found.some(({ kind }) => kind !== 'declared')) {
      context.out.line(
        'The declared schedule does it instead: msp schedules apply, then temporal schedule delete --schedule-id <id>, or temporal workflow terminate --workflow-id <id> for a cron chain that waits.',
      );
    }
  });
}

function asDeclared({ kind, differences }: ScheduleView): string {
  if (kind !== 'declared') return `no; ${kind === 'schedule' ? 'another schedule' : kind}`;
  return differences.length === 0 ? 'yes' : 'no; msp schedules apply';
}

function stateOf({ kind, paused, note, running }: ScheduleView): string {
  if (kind === 'cron chain') return running === 0 ? 'waiting' : 'at work';
  if (paused) return `paused${note === undefined ? '' : `: ${note}`}`;
  return running === 0 ? 'active' : `active, ${running} running`;
}

interface Change {
  readonly verb: 'pause' | 'resume' | 'trigger';
  readonly summary: string;
  readonly change: (client: PipelineClient, id: string, why: string) => Promise<void>;
  readonly done: string;
}

const CHANGES: readonly Change[] = [
  {
    verb: 'pause',
    summary: 'start no more runs',
    change: (client, id, why) => client.schedules.pause(id, why),
    done: 'is paused',
  },
  {
    verb: 'resume',
    summary: 'start runs again',
    change: (client, id, why) => client.schedules.resume(id, why),
    done: 'is running again',
  },
  {
    verb: 'trigger',
    summary: 'start a run now, as the schedule would',
    change: (client, id) => client.schedules.trigger(id),
    done: 'was triggered; msp runs shows the run',
  },
];

const changedSchema = z.object({ id: z.string(), changed: z.string() });
const WHY = { reason: reason("why; stands in the schedule's note") };

function addChange(schedules: Command, context: CliContext, { verb, summary, change, done }: Change): void {
  const why: Partial<typeof WHY> = verb === 'trigger' ? {} : WHY;
  const declared = {
    summary,
    description: `Schedule: ${summary}.`,
    argument: argument(
      '[schedule]',
      'id of the schedule; the declared one when not given',
      z.string().optional(),
    ),
    options: { output: OUTPUT, ...why },
    examples: [`msp schedules ${verb}${verb === 'trigger' ? '' : ' --reason "maintenance until noon"'}`],
  };
  addClientCommand(schedules, context, verb, declared, async (client, { output, reason: said }, given) => {
    const id = given ?? client.schedules.declaredId;
    await change(client, id, said ?? '');
    if (output === 'json') context.out.json(changedSchema, { id, changed: verb });
    else context.out.line(`${id} ${done}`);
  });
}
