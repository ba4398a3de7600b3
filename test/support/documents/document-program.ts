/**
 * The client calls of a page, as one program: what a block declares at its beginning of a line, later blocks see. Blocks
 * are plain JavaScript with `await`; what they import is handed in, and what they log is what they print.
 */
import { inspect } from 'node:util';
import { ClientError } from '../../../client/errors.ts';
import { EXIT_CODES } from '../../../cli/errors.ts';
import { within } from '../until.ts';
import type { Ended } from './document-shell.ts';

const IMPORT = /^import (\{[^}]+\}) from ('[^']+');$/gm;
const DECLARED = /^const (?:(\w+)|\{ ([^}]+) \}) =/gm;

type Run = (...values: unknown[]) => Promise<Record<string, unknown>>;

/** The constructor of async functions, which has no name of its own. */
const { constructor: AsyncFunction } = Object.getPrototypeOf(async () => Promise.resolve()) as {
  constructor: new (...words: string[]) => Run;
};

export class DocumentProgram {
  readonly #modules: Readonly<Record<string, object>>;
  readonly #known: Record<string, unknown> = {};

  /** @param modules what can be imported, by its name */
  constructor(modules: Readonly<Record<string, object>>) {
    this.#modules = modules;
  }

  /** Gives a name a value that no block has declared, or another one. */
  set(name: string, value: unknown): void {
    this.#known[name] = value;
  }

  /** @returns with the exit code that `msp` would end with where a call is refused */
  async run(script: string, withinMs: number): Promise<Ended> {
    const printed: string[] = [];
    const log = (...values: unknown[]): void => {
      printed.push(values.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' '));
    };
    const given = {
      ...this.#known,
      console: { log },
      load: (name: string) => this.#modules[name],
    };
    const declared = [...script.matchAll(DECLARED)].flatMap(([, one, several = '']) =>
      one === undefined ? several.split(', ').map(nameIn) : [one],
    );
    const body = `${script.replaceAll(IMPORT, 'const $1 = load($2);')}\nreturn { ${declared.join(', ')} };`;
    // A block may declare again what an earlier one has: in a block of its own its names hide the given ones.
    const run = new AsyncFunction(...Object.keys(given), `{ ${body} }`);
    const output = (): string => printed.map((line) => `${line}\n`).join('');
    try {
      const made = await within(`the calls end:\n${script}`, run(...Object.values(given)), withinMs);
      Object.assign(this.#known, made);
      return { exitCode: 0, output: output() };
    } catch (error) {
      const code = error instanceof ClientError ? EXIT_CODES[error.code] : 1;
      return { exitCode: code, output: `${output()}${String(error)}\n` };
    }
  }
}

/** `name`, `field: name` or `...name`. */
function nameIn(part: string): string {
  return part.replace(/^.*(?:: |\.\.\.)/, '');
}
