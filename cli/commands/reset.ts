/** `msp reset`: set processing state back and start anew. */
import type { Command } from 'commander';
import { z } from 'zod';
import { daySchema } from '../../pipeline/documents.ts';
import { withoutUndefined } from '../../client/optional.ts';
import { checked, type CliContext } from '../context.ts';
import { examples, outputOption, outputSchema, whoAmI } from '../options.ts';
import { carryOut } from '../procedure-flow.ts';
import { procedureOptions, procedureOptionsSchema } from './procedures.ts';

const optionsSchema = procedureOptionsSchema.extend({
  dates: z.array(daySchema).optional(),
  claims: z.literal(true).optional(),
  all: z.literal(true).optional(),
  undo: z.string().optional(),
  restart: z.boolean().default(true),
  output: outputSchema,
});

export function addReset(program: Command, context: CliContext): void {
  const command = program
    .command('reset')
    .summary('stop, set processing state back, start anew')
    .description(
      'Stops the runs, takes a snapshot of the state, sets back what is named, sees that the ground is good, resumes ' +
        'the schedules that it paused, and watches a first run. Raw and archived data are never touched; days that are ' +
        'processed anew stay as they are published until their new editions are.',
    )
    .option('--dates <date...>', 'process these days anew from their archived inputs')
    .option('--claims', 'free the files that ended runs have claimed')
    .option('--all', 'all claims and all days')
    .option('--undo <id>', 'go back to the state before this reset')
    .option('--no-restart', 'start no run at the end');
  procedureOptions(command);
  command.addOption(outputOption());
  command.action(async (given: unknown) => {
    const { output, ...options } = checked(optionsSchema, given);
    const { by = whoAmI(), reason, yes, dryRun, ...rest } = options;
    const request = withoutUndefined(rest);
    await context.withClient(async (client) => {
      const reference = await client.procedures.reset({ by, reason, dryRun, ...request });
      const question = 'Stop the runs named above and reset this?';
      await carryOut(context, client, reference, {
        by,
        reason,
        yes,
        dryRun,
        json: output === 'json',
        question,
      });
    });
  });
  examples(command, [
    'msp reset --dates 2024-06-25 --reason "the rules have changed"',
    'msp reset --claims --reason "a worker left claims behind" --yes',
    'msp reset --undo music_streaming-recovery-1a2b3c4d --reason "it was right before"',
  ]);
}
