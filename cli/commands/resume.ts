/** `msp resume`: a paused run goes on, or all that an emergency shutdown stopped. */
import type { Command } from 'commander';
import { z } from 'zod';
import { COMMANDS } from '../../workflows/pipeline/messages.ts';
import { ClientError } from '../../client/errors.ts';
import { addClientCommand, argument, option } from '../command.ts';
import type { CliContext } from '../context.ts';
import { OUTPUT, PROCEDURE_OPTIONS, RUN } from '../options.ts';
import { carryOut } from '../procedure-flow.ts';
import { answerSchema, inWords } from './operate.ts';

export function addResume(program: Command, context: CliContext): void {
  const declared = {
    summary: 'go on after a pause, or undo an emergency shutdown',
    description:
      `A paused run: ${inWords(COMMANDS.resume.description).toLowerCase()} With --shutdown: shows what the ` +
      'shutdown stopped and is still stopped, asks, and brings back exactly that: runs go on as the same runs, ' +
      'schedules and procedures are resumed.',
    argument: argument('[run]', RUN, z.string().optional()),
    options: {
      shutdown: option(
        '--shutdown <id>',
        'undo this shutdown; its report and msp shutdown name the id',
        z.string().min(1).optional(),
      ),
      ...PROCEDURE_OPTIONS,
      output: OUTPUT,
    },
    examples: [
      'msp resume latest --reason "the source is well again"',
      'msp resume --shutdown music_streaming-emergency-shutdown-1a2b3c4d --reason "mended" --yes',
    ],
  };
  addClientCommand(program, context, 'resume', declared, async (client, options, run) => {
    const { shutdown, by, reason, dryRun, output } = options;
    if ((run === undefined) === (shutdown === undefined)) {
      throw new ClientError('WrongUse', 'Name a paused run, or give --shutdown with the id of a shutdown.', {
        advice: 'msp runs --status Paused lists paused runs.',
      });
    }
    if (shutdown !== undefined) {
      const reference = await client.procedures.undoShutdown({ shutdown, by, reason, dryRun });
      await carryOut(context, client, reference, options, 'Bring all of this back?');
    } else if (run !== undefined) {
      if (dryRun) {
        const what = '--dry-run shows the plan to undo a shutdown; a paused run has none.';
        throw new ClientError('WrongUse', what, { advice: `msp status ${run} shows where the run is.` });
      }
      const reference = await client.runs.find(run);
      const answer = await client.runs.command('resume', reference, { by, reason });
      const { workflowId } = reference;
      if (output === 'json') context.out.json(answerSchema, { workflowId, command: 'resume', ...answer });
      else context.out.line(answer.message);
    }
  });
}
