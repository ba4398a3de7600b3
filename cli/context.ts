/** What every command is given: where to print, the environment, and a client that is closed whatever happens. */
import { confirm, isCancel, text } from '@clack/prompts';
import { z } from 'zod';
import { valueAt } from '../pipeline/problems.ts';
import type { Environment } from '../pipeline/settings.ts';
import { ClientError } from '../client/errors.ts';
import { PipelineClient } from '../client/pipeline-client.ts';
import { withLocalStack } from './environment.ts';
import { EXIT_CODES, type ExitCode } from './errors.ts';
import { Output, type Streams } from './output.ts';

export interface CliOptions {
  /** The environment of the process, without a local stack's. */
  readonly environment: Environment;
  readonly streams: Streams;
  /** Whether a person can be asked. */
  readonly interactive: boolean;
  /** Set where the process environment itself is to be completed, because the AWS SDK reads it. */
  readonly adopt?: (environment: Environment) => Environment;
}

/** About three seconds: a person who forgot to start the server should not wait longer to hear it. */
const ATTEMPTS = 5;

export class CliContext {
  readonly out: Output;
  readonly #options: CliOptions;
  /** How the process ends when no error is thrown. */
  exitCode: ExitCode = EXIT_CODES.Ok;

  constructor(options: CliOptions) {
    this.#options = options;
    this.out = new Output(options.streams, options.environment);
  }

  /** The environment of the process alone. */
  get processEnvironment(): Environment {
    return this.#options.environment;
  }

  /** The environment completed by the local stack's, if there is one. */
  get environment(): Environment {
    const { environment, adopt } = this.#options;
    const completed = withLocalStack(environment);
    return adopt === undefined ? completed : adopt(completed);
  }

  async withClient(work: (client: PipelineClient) => Promise<void>): Promise<void> {
    const client = PipelineClient.connect({ environment: this.environment, attempts: ATTEMPTS });
    try {
      await work(client);
    } finally {
      await client.close();
    }
  }

  /** Whether a person can be asked. */
  get canAsk(): boolean {
    return this.#options.interactive;
  }

  /** Asks for a name to be typed, which nobody does by accident. */
  async typed(question: string, name: string): Promise<boolean> {
    const answer = await text({ message: question, output: this.out.stderr });
    return !isCancel(answer) && answer.trim() === name;
  }

  /**
   * Asks before something that can't be taken back.
   * @throws ClientError when the answer is no, or nobody can be asked
   */
  async confirm(question: string, yes: boolean): Promise<void> {
    if (yes) return;
    if (!this.#options.interactive) {
      throw new ClientError('WrongUse', `${question} There is no terminal to ask at.`, {
        advice: 'Add --yes.',
      });
    }
    const answer = await confirm({ message: question, initialValue: false, output: this.out.stderr });
    if (isCancel(answer) || !answer) throw new ClientError('Refused', 'Nothing was done.');
  }
}

/** Options as commander gives them, checked. */
export function checked<T extends z.ZodType>(schema: T, given: unknown): z.output<T> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => {
    return path.length === 0 ? message : `${typed(given, path)}: ${message}`;
  });
  throw new ClientError('WrongUse', problems.join('\n'), { advice: 'Add --help to see what is possible.' });
}

/** The option with its value, as it was typed: the path may lead into what has been made of that. */
function typed(given: unknown, path: readonly PropertyKey[]): string {
  const value = path.map((_, at) => typedValue(given, path.slice(0, path.length - at))).find(isGiven);
  const [option] = path;
  return `--${kebab(String(option))}${value === undefined ? '' : ` ${value}`}`;
}

function typedValue(given: unknown, path: readonly PropertyKey[]): string | undefined {
  const repeated = path.length === 1 ? z.record(z.string(), z.unknown()).safeParse(given).data : undefined;
  const list = z.array(z.string()).safeParse(repeated?.[String(path[0])]).data ?? [];
  return (
    valueAt(given, path) ?? (list.length === 0 ? undefined : list.map((one) => JSON.stringify(one)).join(' '))
  );
}

const isGiven = (value: string | undefined): value is string => value !== undefined;

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
