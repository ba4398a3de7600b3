/** `msp reset`: set processing state back and start anew. */
import type { Command } from 'commander';
import { z } from 'zod';
import { daySchema } from '../../pipeline/documents.ts';
import { withoutUndefined } from '../../client/optional.ts';
import { addClientCommand, option } from '../command.ts';
import type { CliContext } from '../context.ts';
import { OUTPUT, PROCEDURE_OPTIONS } from '../options.ts';
import { carryOut } from '../procedure-flow.ts';

export function addReset(program: Command, context: CliContext): void {
  const declared = {
    summary: 'stop, set processing state back, start anew',
    description:
      'Stops the runs, takes a snapshot of the state, sets back what is named, sees that the ground is good, resumes ' +
      'the schedules that it paused, and watches a first run. Raw and archived data are never touched; days that are ' +
      'processed anew stay as they are published until their new editions are.',
    options: {
      dates: option(
        '--dates <date...>',
        'process these days anew from their archived inputs',
        z.array(daySchema).optional(),
      ),
      claims: option('--claims', 'free the files that ended runs have claimed', z.literal(true).optional()),
      all: option('--all', 'all claims and all days', z.literal(true).optional()),
      undo: option('--undo <id>', 'go back to the state before this reset', z.string().optional()),
      restart: option('--no-restart', 'start no run at the end', z.boolean().default(true)),
      ...PROCEDURE_OPTIONS,
      output: OUTPUT,
    },
    examples: [
      'msp reset --dates 2024-06-25 --reason "the rules have changed"',
      'msp reset --claims --reason "a worker left claims behind" --yes',
      'msp reset --undo music_streaming-recovery-1a2b3c4d --reason "it was right before"',
    ],
  };
  addClientCommand(program, context, 'reset', declared, async (client, options) => {
    const { output: _output, yes: _yes, by, reason, dryRun, restart, ...scope } = options;
    const request = { by, reason, dryRun, restart, ...withoutUndefined(scope) };
    const reference = await client.procedures.reset(request);
    await carryOut(context, client, reference, options, 'Stop the runs named above and reset this?');
  });
}
