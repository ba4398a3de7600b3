/** `msp resume`: a paused run goes on, or all that an emergency shutdown stopped. */
import type { Command } from 'commander';
import { z } from 'zod';
import { COMMAND_DESCRIPTIONS } from '../../workflows/pipeline/messages.ts';
import { ClientError } from '../../client/errors.ts';
import { checked, type CliContext } from '../context.ts';
import { examples, outputOption, outputSchema, RUN, whoAmI } from '../options.ts';
import { carryOut } from '../procedure-flow.ts';
import { answerSchema } from './operate.ts';
import { procedureOptions, procedureOptionsSchema } from './procedures.ts';

const optionsSchema = procedureOptionsSchema.extend({
  shutdown: z.string().min(1).optional(),
  output: outputSchema,
});

export function addResume(program: Command, context: CliContext): void {
  const command = program
    .command('resume')
    .argument('[run]', RUN)
    .summary('go on after a pause, or undo an emergency shutdown')
    .description(
      `A paused run: ${COMMAND_DESCRIPTIONS.resume.replace(/: \{.*$/, '.').toLowerCase()} With --shutdown: shows what the ` +
        'shutdown stopped and is still stopped, asks, and brings back exactly that: runs go on as the same runs, ' +
        'schedules and procedures are resumed.',
    )
    .option('--shutdown <id>', 'undo this shutdown; its report and msp shutdown name the id');
  procedureOptions(command);
  command.addOption(outputOption());
  command.action(async (run: string | undefined, given: unknown) => {
    const { shutdown, by = whoAmI(), reason, yes, dryRun, output } = checked(optionsSchema, given);
    if ((run === undefined) === (shutdown === undefined)) {
      throw new ClientError('WrongUse', 'Name a paused run, or give --shutdown with the id of a shutdown.', {
        advice: 'msp runs --status Paused lists paused runs.',
      });
    }
    if (run !== undefined && dryRun) {
      throw new ClientError(
        'WrongUse',
        '--dry-run shows the plan to undo a shutdown; a paused run has none.',
        {
          advice: `msp status ${run} shows where the run is.`,
        },
      );
    }
    await context.withClient(async (client) => {
      if (shutdown !== undefined) {
        const reference = await client.procedures.undoShutdown({ shutdown, by, reason, dryRun });
        const json = output === 'json';
        await carryOut(context, client, reference, {
          ...{ by, reason, yes, dryRun, json },
          question: 'Bring all of this back?',
        });
      } else if (run !== undefined) {
        const reference = await client.runs.find(run);
        const answer = await client.runs.command('resume', reference, { by, reason });
        const { workflowId } = reference;
        if (output === 'json') context.out.json(answerSchema, { workflowId, command: 'resume', ...answer });
        else context.out.line(answer.message);
      }
    });
  });
  examples(command, [
    'msp resume latest --reason "the source is well again"',
    'msp resume --shutdown music_streaming-emergency-shutdown-1a2b3c4d --reason "mended" --yes',
  ]);
}
