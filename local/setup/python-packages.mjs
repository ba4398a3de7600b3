/** A Python environment of its own with Spark, MiniStack, the Temporal server and what tests of scripts need. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LISTS, PYTHON, PYTHON_ENVIRONMENT } from './folders.mjs';
import { outputOf, run } from './programs.mjs';
import { digestOf, isStamped, stamp } from './stamps.mjs';

const STAMP = join(PYTHON_ENVIRONMENT, '.stamp');
const REQUIREMENTS = join(LISTS, 'requirements.txt');

const digest = () => digestOf({ texts: [PYTHON_ENVIRONMENT], files: [REQUIREMENTS] });

/** @param {() => string} findPython the interpreter to make the environment with */
export function pythonPackages(findPython) {
  return {
    title: 'Python packages (Spark, MiniStack, Temporal server; about 450 MB)',
    // The environment points to the interpreter that it was made with, which an upgrade of the system may remove.
    isCurrent: () => existsSync(PYTHON) && isStamped(STAMP, digest()),
    async make(note) {
      rmSync(PYTHON_ENVIRONMENT, { recursive: true, force: true });
      await run('python-environment', [findPython(), '-m', 'venv', PYTHON_ENVIRONMENT], { note });
      const install = ['-m', 'pip', 'install', '--disable-pip-version-check', '--progress-bar', 'off'];
      await run('pip', [PYTHON, ...install, '--requirement', REQUIREMENTS], { note });
      stamp(STAMP, digest());
    },
  };
}

/** The folder of the pyspark package. */
export function sparkHome() {
  const where = 'import pyspark; print(pyspark.__path__[0])';
  return outputOf(PYTHON, '-c', where)?.trim() ?? '';
}
