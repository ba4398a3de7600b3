/** `msp procedures`: look at procedures, approve their plans, and steer them. */
import type { Command } from 'commander';
import { z } from 'zod';
import { COMMANDS, type ProcedureCommandName } from '../../workflows/procedures/messages.ts';
import { ClientError } from '../../client/errors.ts';
import type { PipelineClient } from '../../client/pipeline-client.ts';
import { listedProcedureSchema, procedureViewSchema } from '../../client/procedure-view.ts';
import { addClientCommand, argument, needed } from '../command.ts';
import type { CliContext } from '../context.ts';
import { time } from '../../pipeline/format.ts';
import { limit, OUTPUT, reason, ROWS_OUTPUT, YES } from '../options.ts';
import { showProcedure } from '../procedure-text.ts';
import { inWords, STEERING } from './operate.ts';

const PROCEDURE = 'id of the procedure, or "latest"';

const STEERED: readonly (readonly [verb: string, name: ProcedureCommandName, summary: string])[] = [
  ['approve', 'approve', 'have a plan carried out'],
  ['reject', 'reject', 'have nothing done'],
  ['pause', 'pause', 'begin no further step until resumed'],
  ['resume', 'resume', 'go on after a pause'],
  ['retry', 'retryStep', 'do the parked step again'],
  ['abort', 'abort', 'end it where it stands'],
];

export function addProcedureCommands(program: Command, context: CliContext): void {
  const procedures = program.command('procedures').summary('recoveries and resets: look, approve, steer');
  addList(procedures, context);
  addShow(procedures, context);
  for (const [verb, name, summary] of STEERED) addSteering(procedures, context, verb, name, summary);
}

function addList(procedures: Command, context: CliContext): void {
  const declared = {
    summary: 'list procedures',
    description: 'Recoveries and resets, the latest first.',
    options: { limit: limit('how many', '20'), output: ROWS_OUTPUT },
    examples: ['msp procedures list', 'msp procedures list -o json'],
  };
  addClientCommand(procedures, context, 'list', declared, async (client, { output, limit: most }) => {
    context.out.rows(
      output,
      z.array(listedProcedureSchema),
      await client.procedures.list(most),
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
}

function addShow(procedures: Command, context: CliContext): void {
  const declared = {
    summary: 'plan, steps, and what it waits for',
    description:
      'The plan, the steps with what each did, what the procedure waits for and which commands it takes.',
    argument: argument('[procedure]', PROCEDURE, z.string(), 'latest'),
    options: { output: OUTPUT },
    examples: ['msp procedures show', 'msp procedures show music_streaming-recovery-1a2b3c4d -o json'],
  };
  addClientCommand(procedures, context, 'show', declared, async (client, { output }, reference) => {
    const view = await client.procedures.view(await client.procedures.find(reference));
    if (output === 'json') context.out.json(procedureViewSchema, view);
    else showProcedure(context.out, view);
  });
}

const answerSchema = z.object({ id: z.string(), accepted: z.literal(true), message: z.string() });

const DIGEST = {
  digest: needed('--digest <digest>', 'of the plan, as msp procedures show has it', z.string()),
};
const ASKS = { yes: YES };

function addSteering(
  procedures: Command,
  context: CliContext,
  verb: string,
  name: ProcedureCommandName,
  summary: string,
): void {
  const own: Partial<typeof DIGEST & typeof ASKS> = {
    ...(name === 'approve' ? DIGEST : {}),
    ...(name === 'abort' ? ASKS : {}),
  };
  const more = name === 'approve' ? ' --digest 3f2a91c07d64' : name === 'abort' ? ' --yes' : '';
  const declared = {
    summary,
    description: inWords(COMMANDS[name].description),
    argument: argument('<procedure>', PROCEDURE, z.string()),
    options: { reason: reason('why; stands in the history and in the report'), ...STEERING, ...own },
    examples: [`msp procedures ${verb} latest --reason "looked at it"${more}`],
  };
  addClientCommand(procedures, context, verb, declared, async (client, options, reference) => {
    const { output, yes = false, by, reason: why, digest } = options;
    const found = await client.procedures.find(reference);
    if (name === 'abort') await context.confirm(`Abort ${found.id}? What it has done stays done.`, yes);
    const said = { by, reason: why };
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
