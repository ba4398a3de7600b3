/**
 * How a command is declared: each option once, with what help says of it and the schema of what is typed. Help, the
 * reference page and the checks of what was typed follow from the declaration.
 */
import { Argument, Option, type Command } from 'commander';
import { z } from 'zod';
import type { PipelineClient } from '../client/pipeline-client.ts';
import { checked, type CliContext } from './context.ts';

/** An option and the schema of its value; `undefined` stands for an option that was not given. */
export interface DeclaredOption<T extends z.ZodType = z.ZodType> {
  readonly option: Option;
  readonly schema: T;
}

type Options = Readonly<Record<string, DeclaredOption | undefined>>;
type Values<O extends Options> = { [K in keyof O]: z.output<NonNullable<O[K]>['schema']> };

/** @param refine what else help says of it: choices, a default, whether it is mandatory */
export function option<T extends z.ZodType>(
  flags: string,
  about: string,
  schema: T,
  refine: (option: Option) => Option = (plain) => plain,
): DeclaredOption<T> {
  return { option: refine(new Option(flags, about)), schema };
}

/** An option without a value. */
export function flag(flags: string, about: string): DeclaredOption<z.ZodDefault<z.ZodBoolean>> {
  return option(flags, about, z.boolean().default(false));
}

/** An option that must be given. */
export function needed<T extends z.ZodType>(flags: string, about: string, schema: T): DeclaredOption<T> {
  return option(flags, about, schema, (each) => each.makeOptionMandatory());
}

/** An option that may be given several times. */
export function repeatable<T extends z.ZodType>(flags: string, about: string, schema: T): DeclaredOption<T> {
  const collect = (value: string, previous: readonly string[] | undefined): string[] => [
    ...(previous ?? []),
    value,
  ];
  return option(flags, about, schema, (each) => each.argParser(collect));
}

/** What stands on the line without a name: `<run>` must be given, `[run]` may be, `[files...]` are several. */
export interface DeclaredArgument<T extends z.ZodType = z.ZodType> {
  readonly argument: Argument;
  readonly schema: T;
}

export function argument<T extends z.ZodType>(
  name: string,
  about: string,
  schema: T,
  unlessGiven?: string,
): DeclaredArgument<T> {
  const declared = new Argument(name, about);
  return { argument: unlessGiven === undefined ? declared : declared.default(unlessGiven), schema };
}

export interface Declaration<O extends Options, A extends z.ZodType> {
  readonly summary: string;
  readonly description: string;
  readonly argument?: DeclaredArgument<A>;
  /** By the name that the option's flag has, in camel case. */
  readonly options: O;
  readonly examples: readonly string[];
}

/** A command that works without a client. */
export function addCommand<O extends Options, A extends z.ZodType = z.ZodUndefined>(
  parent: Command,
  name: string,
  declared: Declaration<O, A>,
  act: (options: Values<O>, argument: z.output<A>) => Promise<void> | void,
): void {
  const command = parent.command(name).summary(declared.summary).description(declared.description);
  if (declared.argument !== undefined) command.addArgument(declared.argument.argument);
  const shape: Record<string, z.ZodType> = {};
  for (const [key, each] of Object.entries(declared.options)) {
    if (each === undefined) continue;
    if (each.option.attributeName() !== key)
      throw new Error(`Option ${each.option.flags} of ${name} is declared as ${key}`);
    shape[key] = each.schema;
    command.addOption(each.option);
  }
  const schema = z.object(shape);
  command.action(async (...given: unknown[]) => {
    const [first, second] = given;
    const options = checked(schema, declared.argument === undefined ? first : second) as Values<O>;
    // Commander has seen to it that an argument is there; what it is, only its command knows.
    const value = declared.argument?.schema.parse(first) as z.output<A>;
    await act(options, value);
  });
  const lines = declared.examples.map((example) => `  $ ${example}`);
  command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/** A command that asks a client, which is closed whatever happens. */
export function addClientCommand<O extends Options, A extends z.ZodType = z.ZodUndefined>(
  parent: Command,
  context: CliContext,
  name: string,
  declared: Declaration<O, A>,
  act: (client: PipelineClient, options: Values<O>, argument: z.output<A>) => Promise<void>,
): void {
  addCommand(parent, name, declared, (options, value) =>
    context.withClient((client) => act(client, options, value)),
  );
}
