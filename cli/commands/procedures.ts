/** `msp procedures`: look at procedures, approve their plans, and steer them. */
import type { Command } from 'commander';
import { z } from 'zod';
import { COMMAND_DESCRIPTIONS, type ProcedureCommandName } from '../../workflows/procedures/messages.ts';
import { ClientError } from '../../client/errors.ts';
import type { PipelineClient } from '../../client/pipeline-client.ts';
import { listedProcedureSchema, procedureViewSchema } from '../../client/procedure-view.ts';
import { checked, type CliContext } from '../context.ts';
import { time } from '../format.ts';
import { examples, limitSchema, outputOption, outputSchema, whoAmI } from '../options.ts';
import { showProcedure } from '../procedure-text.ts';

const PROCEDURE = 'id of the procedure, or "latest"';

/** What every command that starts a procedure takes. */
export const procedureOptionsSchema = z.object({
  reason: z.string().min(1),
  by: z.string().min(1).optional(),
  yes: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

export function procedureOptions(command: Command): void {
  command
    .requiredOption('--reason <text>', 'why; stands in the history and in the report')
    .option('--by <name>', 'who asks; you, when not given')
    .option('--dry-run', 'only show the plan')
    .option('-y, --yes', 'approve the plan without asking');
}

export function addProcedureCommands(program: Command, context: CliContext): void {
  const procedures = program.command('procedures').summary('recoveries and resets: look, approve, steer');
  addList(procedures, context);
  addShow(procedures, context);
  const steer: readonly [verb: string, name: ProcedureCommandName, summary: string][] = [
    ['approve', 'approve', 'have a plan carried out'],
    ['reject', 'reject', 'have nothing done'],
    ['pause', 'pause', 'begin no further step until resumed'],
    ['resume', 'resume', 'go on after a pause'],
    ['retry', 'retryStep', 'do the parked step again'],
    ['abort', 'abort', 'end it where it stands'],
  ];
  for (const [verb, name, summary] of steer) addCommand(procedures, context, verb, name, summary);
}

function addList(procedures: Command, context: CliContext): void {
  const command = procedures
    .command('list')
    .summary('list procedures')
    .description('Recoveries and resets, the latest first.')
    .option('--limit <n>', 'how many', '20')
    .addOption(outputOption(['table', 'json', 'csv']))
    .action(async (given: unknown) => {
      const { output, limit } = checked(z.object({ limit: limitSchema, output: outputSchema }), given);
      await context.withClient(async (client) => {
        context.out.rows(
          output,
          z.array(listedProcedureSchema),
          await client.procedures.list(limit),
          [
            { title: 'id', value: ({ id }) => id },
            { title: 'procedure', value: ({ procedure }) => procedure },
            { title: 'status', value: ({ status }) => context.out.status(status) },
            { title: 'step', value: ({ step }) => step ?? '' },
            { title: 'started', value: ({ startedAt }) => time(startedAt) },
            { title: 'ended', value: ({ endedAt }) => time(endedAt) },
          ],
          'no procedure yet; msp recover data and msp reset start one',
        );
      });
    });
  examples(command, ['msp procedures list', 'msp procedures list -o json']);
}

function addShow(procedures: Command, context: CliContext): void {
  const command = procedures
    .command('show')
    .argument('[procedure]', PROCEDURE, 'latest')
    .summary('plan, steps, and what it waits for')
    .description(
      'The plan, the steps with what each did, what the procedure waits for and which commands it takes.',
    )
    .addOption(outputOption())
    .action(async (reference: string, given: unknown) => {
      const { output } = checked(z.object({ output: outputSchema }), given);
      await context.withClient(async (client) => {
        const view = await client.procedures.view(await client.procedures.find(reference));
        if (output === 'json') context.out.json(procedureViewSchema, view);
        else showProcedure(context.out, view);
      });
    });
  examples(command, ['msp procedures show', 'msp procedures show music_streaming-recovery-1a2b3c4d -o json']);
}

const commandSchema = z.object({
  reason: z.string().min(1),
  by: z.string().min(1).optional(),
  digest: z.string().optional(),
  yes: z.boolean().default(false),
  output: outputSchema,
});

const answerSchema = z.object({ id: z.string(), accepted: z.literal(true), message: z.string() });

function addCommand(
  procedures: Command,
  context: CliContext,
  verb: string,
  name: ProcedureCommandName,
  summary: string,
): void {
  const command = procedures
    .command(verb)
    .argument('<procedure>', PROCEDURE)
    .summary(summary)
    .description(`${COMMAND_DESCRIPTIONS[name].replace(/: \{.*$/, '')}.`)
    .requiredOption('--reason <text>', 'why; stands in the history and in the report')
    .option('--by <name>', 'who gives the command; you, when not given')
    .addOption(outputOption());
  if (name === 'approve')
    command.requiredOption('--digest <digest>', 'of the plan, as msp procedures show has it');
  if (name === 'abort') command.option('-y, --yes', 'do not ask');
  command.action(async (reference: string, given: unknown) => {
    const { output, yes, by = whoAmI(), reason, digest } = checked(commandSchema, given);
    await context.withClient(async (client) => {
      const found = await client.procedures.find(reference);
      if (name === 'abort') await context.confirm(`Abort ${found.id}? What it has done stays done.`, yes);
      const said = { by, reason };
      const { accepted, message } =
        name === 'approve'
          ? await client.procedures.command(name, found, {
              ...said,
              digest: await fullDigest(client, found.id, digest),
            })
          : await client.procedures.command(name, found, said);
      if (output === 'json') context.out.json(answerSchema, { id: found.id, accepted, message });
      else context.out.line(message);
    });
  });
  const more = name === 'approve' ? ' --digest 3f2a91c07d64' : name === 'abort' ? ' --yes' : '';
  examples(command, [`msp procedures ${verb} latest --reason "looked at it"${more}`]);
}

/** Enough digits to tell plans apart in what a person copies. */
const DIGEST_BEGINNING = /^[0-9a-f]{12,64}$/;

/** A digest may be given by its beginning, as the plan's heading shows it. */
async function fullDigest(client: PipelineClient, id: string, given = ''): Promise<string> {
  if (!DIGEST_BEGINNING.test(given)) {
    throw new ClientError('WrongUse', '--digest: expected 12 to 64 hex digits', {
      advice: `msp procedures show ${id} shows the plan and its digest.`,
    });
  }
  if (given.length === 64) return given;
  const { plan } = await client.procedures.view(await client.procedures.find(id));
  if (plan?.digest.startsWith(given) === true) return plan.digest;
  throw new ClientError(
    'Refused',
    `The plan of ${id} has another digest: ${plan?.digest ?? 'there is none yet'}.`,
    {
      advice: 'Look at the plan, then approve that one if it is right.',
    },
  );
}
