/**
 * Sets up all that the project needs on one machine, with Node, Python and Java as the only things that must be there:
 *
 *     node local/setup/setup.mjs [--tools-only]
 *
 * Each step is done when what it makes is missing or older than its inputs, so a second start has nothing to do.
 * `--tools-only` leaves out what is built from the sources.
 */
import { parseArgs } from 'node:util';
import { glueScripts, typescript, workflowBundle } from './builds.mjs';
import { classArchive } from './class-archive.mjs';
import { SetupError } from './errors.mjs';
import { sparkJars } from './jars.mjs';
import { withLock } from './lock.mjs';
import { nodePackages } from './node-packages.mjs';
import { requirePrerequisites } from './prerequisites.mjs';
import { say, show } from './progress.mjs';
import { pythonPackages } from './python-packages.mjs';
import { knownToolchain, writeToolchain } from './toolchain.mjs';

const OPTIONS = { 'tools-only': { type: 'boolean' } };

/** @param {{ 'tools-only'?: boolean }} options */
async function setUp({ 'tools-only': toolsOnly }) {
  let found;
  const prerequisites = () => (found ??= requirePrerequisites());
  const javaHome = () => prerequisites().javaHome;
  const tools = [
    nodePackages,
    pythonPackages(() => prerequisites().python),
    sparkJars(javaHome),
    classArchive(javaHome),
  ];
  const steps = [...tools, ...(toolsOnly ? [] : [typescript, glueScripts, workflowBundle])];
  const isDone = () => knownToolchain() !== undefined && steps.every((step) => step.isCurrent());

  if (isDone()) return;
  prerequisites();
  await withLock(async () => {
    // Another set-up may have done it while this one waited.
    if (isDone()) return;
    const since = Date.now();
    say('Setting up:');
    for (const step of steps) {
      if (!step.isCurrent()) await show(step.title, (note) => step.make(note));
    }
    writeToolchain(prerequisites());
    say(`Set up in ${((Date.now() - since) / 1000).toFixed(0)} s.\n`);
  });
}

try {
  const { values } = parseArgs({ options: OPTIONS });
  await setUp(values);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`\n${error.message}\n`);
  process.exitCode = 1;
}
