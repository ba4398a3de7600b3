/** `msp settings`: every setting, its value and where it came from. */
import type { Command } from 'commander';
import { z } from 'zod';
import { describeSettings, unknownSettings, type Environment } from '../../pipeline/settings.ts';
import { addCommand } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT_CODES } from '../errors.ts';
import { cut } from '../../pipeline/format.ts';
import { OUTPUT } from '../options.ts';

const shownSchema = z.object({
  variable: z.string(),
  value: z.string().optional(),
  source: z.string(),
  about: z.string(),
  problem: z.string().optional(),
});
type Shown = z.output<typeof shownSchema>;

/** Variables of the connections, which are not ours but decide what is talked to. */
const CONNECTION_VARIABLES = /^(TEMPORAL_|AWS_)/;
const SECRET_VARIABLES = /SECRET|TOKEN|API_KEY|KEY_DATA|PASSWORD|GRPC_META/;

export function addSettings(program: Command, context: CliContext): void {
  const declared = {
    summary: 'every setting and where it came from',
    description:
      'Settings of the pipeline and the variables of its connections, with their values and sources. Secrets are ' +
      'masked. MSP_ variables that no setting reads are named: most are misspelt. Ends with 2 when one is wrong.',
    options: { output: OUTPUT },
    examples: ['msp settings', 'MSP_BUCKET=other msp settings -o json'],
  };
  addCommand(program, 'settings', declared, ({ output }) => {
    const shown = settingsOf(context.environment, context.processEnvironment);
    context.out.rows(
      output,
      z.array(shownSchema),
      shown,
      [
        { title: 'variable', value: ({ variable }) => variable },
        { title: 'value', value: ({ value }) => cut(value ?? '', 60) },
        { title: 'source', value: ({ source }) => source },
        { title: 'about', value: ({ about, problem }) => problem ?? about },
      ],
      'there are no settings',
    );
    if (shown.some(({ problem }) => problem !== undefined)) context.exitCode = EXIT_CODES.WrongUse;
  });
}

/** @param own the environment of the process, without what a local stack adds */
function settingsOf(environment: Environment, own: Environment): Shown[] {
  const sourceOf = (variable: string, source: string): string =>
    source === 'environment' && own[variable] !== environment[variable] ? 'local stack' : source;
  const settings = describeSettings(environment).map(({ variable, value, source, about, problem }) => ({
    variable,
    source: sourceOf(variable, source),
    about,
    ...(value === undefined ? {} : { value }),
    ...(problem === undefined ? {} : { problem }),
  }));
  const connections = Object.keys(environment)
    .filter((variable) => CONNECTION_VARIABLES.test(variable))
    .sort()
    .map((variable) => ({
      variable,
      value: SECRET_VARIABLES.test(variable) ? '********' : (environment[variable] ?? ''),
      source: sourceOf(variable, 'environment'),
      about: 'Connection, read by the SDK.',
    }));
  const unknown = unknownSettings(environment).map((variable) => ({
    variable,
    source: sourceOf(variable, 'environment'),
    about: '',
    problem: 'No setting has this name: correct or remove it.',
  }));
  return [...settings, ...connections, ...unknown];
}
