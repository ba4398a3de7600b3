/** Tells the rest of the project where the tools are: `toolchain.json`. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CLASS_ARCHIVE, PYTHON, SPARK_JARS, TOOLCHAIN_FILE } from './folders.mjs';
import { sparkHome } from './python-packages.mjs';

/** The toolchain that the last set-up wrote, if all that it names is still there. */
export function knownToolchain() {
  if (!existsSync(TOOLCHAIN_FILE)) return undefined;
  const toolchain = JSON.parse(readFileSync(TOOLCHAIN_FILE, 'utf8'));
  return Object.values(toolchain).every((path) => existsSync(path)) ? toolchain : undefined;
}

/** @param {{ javaHome: string }} found */
export function writeToolchain({ javaHome }) {
  const program = (name) => join(dirname(PYTHON), name);
  const toolchain = {
    python: PYTHON,
    sparkHome: sparkHome(),
    javaHome,
    jarsDir: SPARK_JARS,
    ...(existsSync(CLASS_ARCHIVE) ? { classArchive: CLASS_ARCHIVE } : {}),
    temporal: program('temporal'),
    ministack: program('ministack'),
  };
  const unfinished = `${TOOLCHAIN_FILE}.${process.pid}`;
  writeFileSync(unfinished, `${JSON.stringify(toolchain, null, 2)}\n`);
  renameSync(unfinished, TOOLCHAIN_FILE);
}
