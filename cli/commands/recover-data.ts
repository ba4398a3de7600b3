/** `msp recover data`: find what is damaged, and bring it back. */
import type { Command } from 'commander';
import { z } from 'zod';
import { daySchema } from '../../pipeline/documents.ts';
import { ClientError } from '../../client/errors.ts';
import { withoutUndefined } from '../../client/optional.ts';
import { addClientCommand, option } from '../command.ts';
import type { CliContext } from '../context.ts';
import { OUTPUT, PROCEDURE_OPTIONS, RUN } from '../options.ts';
import { carryOut } from '../procedure-flow.ts';

/** @param recover the command `msp recover` */
export function addRecoverData(recover: Command, context: CliContext): void {
  const several = z.array(z.string()).optional();
  const declared = {
    summary: 'find damaged or lost data and bring it back',
    description:
      'Compares objects and items with their records, restores what has a right copy, makes the rest again from what ' +
      'it was made of, and verifies. Shows the plan and asks before anything is changed. What can not be recovered ' +
      'is named, and the exit code is 1.',
    options: {
      dates: option(
        '--dates <date...>',
        'these days and the files behind them',
        z.array(daySchema).optional(),
      ),
      files: option('--files <file...>', 'these inputs, by key or file id', several),
      run: option('--run <run>', `what this run took and published: ${RUN}`, z.string().optional()),
      find: option('--find', 'everything', z.literal(true).optional()),
      rollback: option(
        '--rollback <date>',
        'put an earlier edition of this day back, as a new one',
        daySchema.optional(),
      ),
      edition: option(
        '--edition <n>',
        'the edition to go back to',
        z.coerce.number().int().positive().optional(),
      ),
      deep: option('--deep', 'read every object, also where S3 has its checksum', z.boolean().optional()),
      except: option('--except <what...>', 'keys, days or files to leave as they are', several),
      ...PROCEDURE_OPTIONS,
      output: OUTPUT,
    },
    examples: [
      'msp recover data --find --dry-run --reason "monthly look"',
      'msp recover data --dates 2024-06-25 2024-06-26 --reason "the disk of the exporter failed"',
      'msp recover data --rollback 2024-06-25 --edition 2 --reason "the correction was wrong" --yes',
    ],
  };
  addClientCommand(recover, context, 'data', declared, async (client, options) => {
    const { run, rollback, edition, output: _output, yes: _yes, by, reason, dryRun, ...rest } = options;
    if (edition !== undefined && rollback === undefined) {
      throw new ClientError('WrongUse', '--edition says to which edition a day goes back', {
        advice: 'Name the day with --rollback.',
      });
    }
    const scope = withoutUndefined({
      ...rest,
      runOf: run === undefined ? undefined : await client.runInBucket(run),
      rollback: rollback === undefined ? undefined : { day: rollback, edition: edition ?? 0 },
    });
    const reference = await client.procedures.recoverData({ by, reason, dryRun, ...scope });
    await carryOut(context, client, reference, options, 'Carry this out?');
  });
}
