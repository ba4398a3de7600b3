/** `msp pause`, `retry`, `skip`, `approve`, `reject`, `abort`: commands that a run follows. */
import type { Command } from 'commander';
import { z } from 'zod';
import { STAGE_NAMES } from '../../pipeline/stages.ts';
import { COMMANDS, type CommandName } from '../../workflows/pipeline/messages.ts';
import { withoutUndefined } from '../../client/optional.ts';
import { addClientCommand, flag, option, repeatable } from '../command.ts';
import type { CliContext } from '../context.ts';
import { by, OUTPUT, OVERRIDES, reason, runArgument, streamKeySchema, YES } from '../options.ts';

const STAGE = {
  stage: option('--stage <stage>', 'only if this stage is parked', z.enum(STAGE_NAMES).optional(), (each) =>
    each.choices(STAGE_NAMES),
  ),
};
const RETRY = {
  ...STAGE,
  ...OVERRIDES,
  input: repeatable(
    '--input <key>',
    'take only this key under streams/ instead; repeatable',
    z.array(streamKeySchema).optional(),
  ),
};
const STOP_GLUE = {
  stopGlue: flag('--stop-glue', 'also stop the Glue run; it is run again after resume'),
};

interface OperatorCommand {
  readonly verb: string;
  readonly name: CommandName;
  readonly summary: string;
  readonly options?: Partial<typeof RETRY & typeof STOP_GLUE>;
  /** Asked before it is done. */
  readonly question?: (run: string) => string;
  readonly example?: string;
}

const OPERATOR_COMMANDS: readonly OperatorCommand[] = [
  {
    verb: 'pause',
    name: 'pause',
    summary: 'begin nothing new until resumed',
    options: STOP_GLUE,
    example: 'msp pause latest --stop-glue --reason "the source is broken"',
  },
  {
    verb: 'retry',
    name: 'retryStage',
    summary: 'run the parked stage again',
    options: RETRY,
    example: 'msp retry latest --reason "out of memory" --worker-type G.2X',
  },
  {
    verb: 'skip',
    name: 'skipStage',
    summary: 'go on without the parked stage',
    options: STAGE,
    question: (run) => `Go on with ${run} without its parked stage?`,
  },
  { verb: 'approve', name: 'approve', summary: 'publish although the quality gate holds' },
  {
    verb: 'reject',
    name: 'reject',
    summary: 'set the inputs aside and publish nothing',
    question: (run) => `Reject the inputs of ${run}? They are moved to quarantine.`,
  },
  {
    verb: 'abort',
    name: 'abort',
    summary: 'end the run, aborted',
    question: (run) => `Abort ${run}? Its Glue run is stopped; its inputs are free for a next run.`,
  },
];

/** What a command does, in the words that Temporal's UI shows, without its arguments. */
export function inWords(description: string): string {
  return `${description.replace(/:? \{.*$/, '').replace(/\.$/, '')}.`;
}

/** What an operator who steers a run or a procedure says besides. */
export const STEERING = { by: by('who gives the command'), output: OUTPUT };

export const answerSchema = z.object({
  workflowId: z.string(),
  command: z.string(),
  accepted: z.literal(true),
  stage: z.string().nullable(),
  message: z.string(),
});

export function addOperatorCommands(program: Command, context: CliContext): void {
  for (const command of OPERATOR_COMMANDS) addOperatorCommand(program, context, command);
}

function addOperatorCommand(program: Command, context: CliContext, command: OperatorCommand): void {
  const { verb, name, summary, question, example } = command;
  const asks: { yes?: typeof YES } = question === undefined ? {} : { yes: YES };
  const declared = {
    summary,
    description: inWords(COMMANDS[name].description),
    argument: runArgument,
    options: {
      reason: reason('why; stands in the history and in the reports'),
      ...STEERING,
      ...command.options,
      ...asks,
    },
    examples: [
      `msp ${verb} latest --reason "looked at the log, a hiccup"${question === undefined ? '' : ' --yes'}`,
      ...(example === undefined ? [] : [example]),
    ],
  };
  addClientCommand(program, context, verb, declared, async (client, options, run) => {
    const { reason: why, by: who, output, yes = false, stage, stopGlue, input, ...glue } = options;
    const { workerType, numberOfWorkers, timeoutMinutes } = glue;
    const reference = await client.runs.find(run);
    if (question !== undefined) await context.confirm(question(reference.workflowId), yes);
    const overrides = withoutUndefined({ workerType, numberOfWorkers, timeoutMinutes, inputs: input });
    const fields = withoutUndefined({ stage, stopGlue });
    const answer = await client.runs.command(name, reference, {
      by: who,
      reason: why,
      ...fields,
      ...(Object.keys(overrides).length === 0 ? {} : { overrides }),
    });
    if (output === 'json') {
      context.out.json(answerSchema, { workflowId: reference.workflowId, command: name, ...answer });
    } else {
      context.out.line(answer.message);
    }
  });
}
