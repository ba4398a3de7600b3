/** What is built from the sources: JavaScript from TypeScript, the archive of the Glue scripts, the workflow bundle. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT, LISTS, PYTHON } from './folders.mjs';
import { run } from './programs.mjs';
import { digestOf, filesBelow, isStamped, stamp } from './stamps.mjs';

const inCheckout = (path) => join(CHECKOUT, path);

/** The folders that tsc builds. */
const { include: SOURCES } = JSON.parse(readFileSync(inCheckout('tsconfig.build.json'), 'utf8'));
const CONFIGURATION = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];

const typescriptFiles = (...folders) => folders.flatMap((folder) => filesBelow(inCheckout(folder), '.ts'));

export const typescript = buildStep({
  title: 'TypeScript',
  name: 'typescript',
  output: 'dist/.tsbuildinfo',
  inputs: () => [...CONFIGURATION.map(inCheckout), ...typescriptFiles(...SOURCES)],
  command: () => [
    process.execPath,
    inCheckout('node_modules/typescript/bin/tsc'),
    '-p',
    'tsconfig.build.json',
  ],
});

export const glueScripts = buildStep({
  title: 'Glue scripts',
  name: 'glue-scripts',
  output: 'dist/glue-scripts',
  inputs: () => [join(LISTS, 'requirements.txt'), ...filesBelow(inCheckout('glue-scripts'), '')],
  command: () => [PYTHON, 'glue-scripts/build.py', 'dist/glue-scripts'],
});

export const workflowBundle = buildStep({
  title: 'Workflow bundle',
  name: 'workflow-bundle',
  output: 'dist/worker/workflow-bundle.js',
  inputs: () => [
    inCheckout('package-lock.json'),
    inCheckout('worker/bundle.ts'),
    ...typescriptFiles('workflows', 'pipeline'),
  ],
  command: () => [process.execPath, 'dist/worker/bundle.js'],
});

function buildStep({ title, name, output, inputs, command }) {
  const stampFile = inCheckout(`dist/.stamps/${name}`);
  const digest = () => digestOf({ files: inputs() });
  return {
    title,
    isCurrent: () => existsSync(inCheckout(output)) && isStamped(stampFile, digest()),
    async make(note) {
      // Taken before the build: a source that is edited meanwhile makes the next set-up build again.
      const made = digest();
      rmSync(stampFile, { force: true });
      await run(name, command(), { note });
      stamp(stampFile, made);
    },
  };
}
