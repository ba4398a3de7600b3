/**
 * What a stack's local Glue starts in place of spark-submit: Spark for some scripts, and for the others `stand_in.py`,
 * which takes a tenth of the time and makes the same.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readToolchain } from '../../../local/stack/toolchain.ts';
import type { Toolchain } from '../../../local/stack/toolchain.ts';

const STAND_IN = join(import.meta.dirname, 'stand_in.py');

export const SCRIPTS = ['validate_data', 'compute_kpis', 'load_dynamodb'] as const;
export type Script = (typeof SCRIPTS)[number];

export class Launcher {
  /** What `MSP_SETUP_DIR` is to name. */
  readonly folder: string;
  readonly #program: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.#program = join(folder, 'spark-submit');
  }

  /** @param folder is made, with the tools that set-up has installed but for the launcher */
  static make(folder: string, withSpark: readonly Script[]): Launcher {
    const { file: _, ...tools } = readToolchain(process.env);
    mkdirSync(folder);
    const launcher = new Launcher(folder);
    launcher.useSparkFor(withSpark);
    writeFileSync(join(folder, 'toolchain.json'), JSON.stringify({ ...tools, launcher: launcher.#program }));
    return launcher;
  }

  get toolchain(): Toolchain {
    return readToolchain({ MSP_SETUP_DIR: this.folder });
  }

  /** Holds for what starts from now on. */
  useSparkFor(scripts: readonly Script[]): void {
    const lines = [
      '#!/bin/sh',
      ...scripts.map(
        (script) => `case "$*" in */script/${script}.py*) exec "$SPARK_HOME/bin/spark-submit" "$@" ;; esac`,
      ),
      `exec "$PYSPARK_PYTHON" '${STAND_IN}' "$@"`,
    ];
    // Something may be starting it.
    writeFileSync(`${this.#program}.new`, `${lines.join('\n')}\n`, { mode: 0o755 });
    renameSync(`${this.#program}.new`, this.#program);
  }
}
