/** `msp schedules`: the declared schedule on the server. */
import type { Command } from 'commander';
import { z } from 'zod';
import { applyResultSchema, scheduleSchema, type ScheduleView } from '../../client/schedules.ts';
import type { PipelineClient } from '../../client/pipeline-client.ts';
import { checked, type CliContext } from '../context.ts';
import { time } from '../format.ts';
import { examples, outputOption, outputSchema } from '../options.ts';

export function addScheduleCommands(program: Command, context: CliContext): void {
  const schedules = program
    .command('schedules')
    .summary('the declared schedule')
    .description(
      'The schedule that the pipeline declares (MSP_SCHEDULE_CRON, MSP_SCHEDULE_TIMEZONE): everything that has arrived.',
    );
  addApply(schedules, context);
  addList(schedules, context);
  addChange(schedules, context, {
    verb: 'pause',
    summary: 'start no more runs',
    change: (client, id, reason) => client.schedules.pause(id, reason),
    done: 'is paused',
  });
  addChange(schedules, context, {
    verb: 'resume',
    summary: 'start runs again',
    change: (client, id, reason) => client.schedules.resume(id, reason),
    done: 'is running again',
  });
  addChange(schedules, context, {
    verb: 'trigger',
    summary: 'start a run now, as the schedule would',
    change: (client, id) => client.schedules.trigger(id),
    done: 'was triggered; msp runs shows the run',
  });
}

function addApply(schedules: Command, context: CliContext): void {
  const command = schedules
    .command('apply')
    .summary('make the declared schedule true')
    .description(
      'Creates the schedule, or updates what differs and says what that was. A paused one stays paused. Removes it where MSP_SCHEDULE_CRON is none.',
    )
    .option('--dry-run', 'only say what would change')
    .addOption(outputOption())
    .action(async (given: unknown) => {
      const schema = z.object({ output: outputSchema, dryRun: z.boolean().default(false) });
      const { output, dryRun } = checked(schema, given);
      await context.withClient(async (client) => {
        const result = await client.schedules.apply({ dryRun });
        if (output === 'json') {
          context.out.json(applyResultSchema, result);
          return;
        }
        if (result.outcome === 'none') {
          context.out.line(`${result.id}: no schedule is declared, and none is there`);
          return;
        }
        const would = dryRun && result.outcome !== 'unchanged' ? 'would be ' : '';
        const removed = result.outcome === 'removed' ? ', since MSP_SCHEDULE_CRON declares none' : '';
        context.out.line(`${result.id}: ${would}${result.outcome}${removed}`);
        for (const { field, declared, actual } of result.differences) {
          context.out.line(
            `  ${field}: ${context.out.colors.red(actual)} -> ${context.out.colors.green(declared)}`,
          );
        }
      });
    });
  examples(command, ['msp schedules apply --dry-run', 'msp schedules apply']);
}

function addList(schedules: Command, context: CliContext): void {
  const command = schedules
    .command('list')
    .summary('schedules and what comes next')
    .description(
      'Schedules and cron chains that start the pipeline: times, state, next and last run, starts left out, differences from the declaration.',
    )
    .addOption(outputOption())
    .action(async (given: unknown) => {
      const { output } = checked(z.object({ output: outputSchema }), given);
      await context.withClient(async (client) => {
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
            {
              title: 'left out',
              value: ({ skippedOverlap, missed }) => skippedOverlap + missed,
              right: true,
            },
            {
              title: 'as declared',
              value: asDeclared,
            },
          ],
          'no schedule yet; msp schedules apply creates it',
        );
        if (output !== 'json' && found.some(({ kind }) => kind !== 'declared')) {
          context.out.line(
            'The declared schedule does it instead: msp schedules apply, then temporal schedule delete --schedule-id <id>, or temporal workflow terminate --workflow-id <id> for a cron chain that waits.',
          );
        }
      });
    });
  examples(command, ['msp schedules list', 'msp schedules list -o json']);
}

function asDeclared({ kind, differences }: ScheduleView): string {
  if (kind !== 'declared') return `no; ${kind === 'schedule' ? 'another schedule' : kind}`;
  return differences.length === 0 ? 'yes' : 'no; msp schedules apply';
}

function stateOf({ kind, paused, note, running }: ScheduleView): string {
  if (kind === 'cron chain') return running === 0 ? 'waiting' : 'at work';
  if (paused) return `paused${note === undefined ? '' : `: ${note}`}`;
  return running === 0 ? 'active' : `active, ${String(running)} running`;
}

const changedSchema = z.object({ id: z.string(), changed: z.string() });

interface Change {
  readonly verb: 'pause' | 'resume' | 'trigger';
  readonly summary: string;
  readonly change: (client: PipelineClient, id: string, reason: string) => Promise<void>;
  readonly done: string;
}

function addChange(schedules: Command, context: CliContext, { verb, summary, change, done }: Change): void {
  const withReason = verb !== 'trigger';
  const command = schedules
    .command(verb)
    .argument('[schedule]', 'id of the schedule; the declared one when not given')
    .summary(summary)
    .description(`Schedule: ${summary}.`)
    .addOption(outputOption());
  if (withReason) command.requiredOption('--reason <text>', "why; stands in the schedule's note");
  command.action(async (schedule: string | undefined, given: unknown) => {
    const { output, reason = '' } = checked(
      z.object({ output: outputSchema, reason: z.string().optional() }),
      given,
    );
    await context.withClient(async (client) => {
      const id = schedule ?? client.schedules.declaredId;
      await change(client, id, reason);
      if (output === 'json') context.out.json(changedSchema, { id, changed: verb });
      else context.out.line(`${id} ${done}`);
    });
  });
  examples(command, [`msp schedules ${verb}${withReason ? ' --reason "maintenance until noon"' : ''}`]);
}
