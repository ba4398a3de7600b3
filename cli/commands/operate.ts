/** `msp pause`, `retry`, `skip`, `approve`, `reject`, `abort`: commands that a run follows. */
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { retryOverridesSchema } from '../../pipeline/request.ts';
import { STAGE_NAMES } from '../../pipeline/stages.ts';
import { COMMAND_DESCRIPTIONS, type CommandName } from '../../workflows/pipeline/messages.ts';
import { withoutUndefined } from '../../client/optional.ts';
import { checked, type CliContext } from '../context.ts';
import { collect, examples, outputOption, outputSchema, RUN, streamKeySchema, whoAmI } from '../options.ts';
import { overrideOptions } from './runs.ts';

export function addOperatorCommands(program: Command, context: CliContext): void {
  add(program, context, { verb: 'pause', name: 'pause', summary: 'begin nothing new until resumed' });
  add(program, context, {
    verb: 'retry',
    name: 'retryStage',
    summary: 'run the parked stage again',
    stage: true,
  });
  add(program, context, {
    verb: 'skip',
    name: 'skipStage',
    summary: 'go on without the parked stage',
    stage: true,
    question: (run) => `Go on with ${run} without its parked stage?`,
  });
  add(program, context, {
    verb: 'approve',
    name: 'approve',
    summary: 'publish although the quality gate holds',
  });
  add(program, context, {
    verb: 'reject',
    name: 'reject',
    summary: 'set the inputs aside and publish nothing',
    question: (run) => `Reject the inputs of ${run}? They are moved to quarantine.`,
  });
  add(program, context, {
    verb: 'abort',
    name: 'abort',
    summary: 'end the run, aborted',
    question: (run) => `Abort ${run}? Its Glue run is stopped; its inputs are free for a next run.`,
  });
}

interface OperatorCommand {
  readonly verb: string;
  readonly name: CommandName;
  readonly summary: string;
  /** Whether a stage can be named, to guard against acting on another than the one that was looked at. */
  readonly stage?: boolean;
  /** Asked before it is done. */
  readonly question?: (run: string) => string;
}

const commandSchema = retryOverridesSchema.extend({
  stopGlue: z.boolean().optional(),
  input: z.array(streamKeySchema).optional(),
  reason: z.string().min(1),
  by: z.string().min(1).optional(),
  stage: z.enum(STAGE_NAMES).optional(),
  yes: z.boolean().default(false),
  output: outputSchema,
});

export const answerSchema = z.object({
  workflowId: z.string(),
  command: z.string(),
  accepted: z.literal(true),
  stage: z.string().nullable(),
  message: z.string(),
});

function add(
  program: Command,
  context: CliContext,
  { verb, name, summary, stage, question }: OperatorCommand,
): void {
  const command = program
    .command(verb)
    .argument('<run>', RUN)
    .summary(summary)
    .description(COMMAND_DESCRIPTIONS[name].replace(/:? \{.*$/, '.').replace(/\.\.$/, '.'))
    .requiredOption('--reason <text>', 'why; stands in the history and in the reports')
    .option('--by <name>', 'who gives the command; you, when not given')
    .addOption(outputOption());
  if (stage === true)
    command.addOption(new Option('--stage <stage>', 'only if this stage is parked').choices(STAGE_NAMES));
  if (name === 'retryStage') {
    for (const option of overrideOptions) command.addOption(option);
    command.option('--input <key>', 'take only this key under streams/ instead; repeatable', collect);
  }
  if (name === 'pause') command.option('--stop-glue', 'also stop the Glue run; it is run again after resume');
  if (question !== undefined) command.option('-y, --yes', 'do not ask');
  command.action(async (run: string, given: unknown) => {
    const {
      reason,
      by = whoAmI(),
      stage: parked,
      yes,
      output,
      stopGlue,
      input,
      ...glue
    } = checked(commandSchema, given);
    const overrides = withoutUndefined({ ...glue, inputs: input });
    await context.withClient(async (client) => {
      const reference = await client.runs.find(run);
      if (question !== undefined) await context.confirm(question(reference.workflowId), yes);
      const hasOverrides = Object.keys(overrides).length > 0;
      const fields = withoutUndefined({
        stage: parked,
        stopGlue,
        overrides: hasOverrides ? overrides : undefined,
      });
      const answer = await client.runs.command(name, reference, { by, reason, ...fields });
      if (output === 'json') {
        context.out.json(answerSchema, { workflowId: reference.workflowId, command: name, ...answer });
      } else {
        context.out.line(answer.message);
      }
    });
  });
  const confirmed = question === undefined ? '' : ' --yes';
  examples(command, [
    `msp ${verb} latest --reason "looked at the log, a hiccup"${confirmed}`,
    ...(name === 'pause' ? ['msp pause latest --stop-glue --reason "the source is broken"'] : []),
    ...(name === 'retryStage' ? ['msp retry latest --reason "out of memory" --worker-type G.2X'] : []),
  ]);
}
