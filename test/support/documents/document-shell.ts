/**
 * One shell for all commands of a page, so that what a block sets the next one finds. It knows the given environment
 * and a few programs, and nothing of the one who runs the tests.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { toolchain } from '../stack/toolchain.ts';
import { within } from '../until.ts';

const MSP = fileURLToPath(new URL('../../../cli/msp.mjs', import.meta.url));

/** Programs as a reader has them after the set-up. `npx` runs `msp` without looking for a package around the folder. */
const PROGRAMS: Readonly<Record<string, string>> = {
  temporal: `exec '${toolchain().temporal}' "$@"`,
  aws: `exec '${join(dirname(toolchain().python), 'aws')}' "$@"`,
  msp: `exec '${process.execPath}' '${MSP}' "$@"`,
  npx: 'exec "$@"',
};

export interface Ended {
  readonly exitCode: number;
  /** What was printed to stdout and stderr, in that order of time. */
  readonly output: string;
}

export class DocumentShell {
  /** The folder in which commands are run. */
  readonly folder: string;
  readonly #root: string;
  readonly #shell: ChildProcessByStdio<Writable, Readable, null>;
  readonly #gone: Promise<never>;
  #said = '';
  #wake: () => void = () => undefined;
  #blocks = 0;

  /** @param environment beside PATH and HOME all that commands see */
  constructor(environment: Readonly<Record<string, string>>) {
    this.#root = mkdtempSync(join(tmpdir(), 'msp-document-'));
    this.folder = join(this.#root, 'folder');
    const programs = join(this.#root, 'programs');
    for (const folder of [this.folder, programs]) mkdirSync(folder);
    for (const [name, text] of Object.entries(PROGRAMS)) {
      writeFileSync(join(programs, name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(programs, name), 0o755);
    }
    const path = [programs, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
    const home = { HOME: this.folder, TMPDIR: this.#root, LC_ALL: 'C.UTF-8' };
    this.#shell = spawn('bash', ['--noprofile', '--norc'], {
      cwd: this.folder,
      env: { ...home, ...environment, PATH: path },
      stdio: ['pipe', 'pipe', 'inherit'],
      // A group of its own, so that whatever a command started ends with it.
      detached: true,
    });
    this.#gone = new Promise((_resolve, reject) => {
      this.#shell.once('error', reject);
      this.#shell.once('close', (code, signal) => {
        reject(new Error(`The shell ended (${code ?? signal})`));
      });
    });
    // Nobody may be waiting when it ends.
    this.#gone.catch(() => undefined);
    this.#shell.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
      this.#wake();
    });
  }

  /** Makes a file that the page's commands use. */
  write(name: string, content: string | Buffer): void {
    writeFileSync(join(this.folder, name), content);
  }

  /**
   * Runs commands one after the other, also after one has failed.
   * @returns the exit code of the last one that failed, 0 when none did
   * @throws Error when they take longer, or end the shell
   */
  async run(script: string, withinMs: number): Promise<Ended> {
    this.#blocks += 1;
    const block = join(this.#root, `block-${this.#blocks}`);
    writeFileSync(block, `${script}\n`);
    this.#said = '';
    this.#shell.stdin.write(
      `failed=0; trap 'failed=$?' ERR; . '${block}' </dev/null >'${block}.out' 2>&1; trap - ERR; echo "$failed"\n`,
    );
    const ended = new Promise<void>((resolve) => {
      this.#wake = () => {
        if (this.#said.endsWith('\n')) resolve();
      };
    });
    await within(`the commands end:\n${script}`, Promise.race([ended, this.#gone]), withinMs);
    return { exitCode: Number(this.#said), output: readFileSync(`${block}.out`, 'utf8') };
  }

  async stop(): Promise<void> {
    const { pid } = this.#shell;
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // It had ended by itself.
    }
    await this.#gone.catch(() => undefined);
    rmSync(this.#root, { recursive: true, force: true });
  }
}
