/**
 * The workflow bundle of the sources as they are. Webpack takes five seconds and more, so the test file that asks first
 * builds the bundle and leaves it for all others, in the folder where tools keep what they can make again.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import type { WorkflowBundle } from '@temporalio/worker';

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));
const KEPT = join(CHECKOUT, 'node_modules', '.cache', 'workflow-bundle');

/** What a bundle is made of: the workflows, the rules that they import, and the packages of these versions. */
const SOURCES = ['workflows', 'pipeline', 'package-lock.json'];

const silent = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };

let bundle: Promise<WorkflowBundle> | undefined;

export async function workflowBundle(): Promise<WorkflowBundle> {
  bundle ??= builtOnce();
  return await bundle;
}

async function builtOnce(): Promise<WorkflowBundle> {
  const file = join(KEPT, `${await digest()}.js`);
  if (!existsSync(file)) {
    const workflowsPath = join(CHECKOUT, 'workflows', 'index.ts');
    const { code } = await bundleWorkflowCode({ workflowsPath, logger: silent });
    await mkdir(KEPT, { recursive: true });
    // Another process may build the same one: each writes a file of its own, and the last takes the place of the first.
    const own = `${file}.${process.pid}`;
    await writeFile(own, code);
    await rename(own, file);
    await forgetOthers(file);
  }
  return { code: await readFile(file, 'utf8') };
}

async function digest(): Promise<string> {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    for (const path of await filesOf(join(CHECKOUT, source))) hash.update(path).update(await readFile(path));
  }
  return hash.digest('hex');
}

async function filesOf(path: string): Promise<string[]> {
  if (path.endsWith('.json')) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => join(parentPath, name)).sort();
}

/** Bundles of earlier sources. */
async function forgetOthers(file: string): Promise<void> {
  const built = (await readdir(KEPT)).map((name) => join(KEPT, name));
  const older = built.filter((path) => path.endsWith('.js') && path !== file);
  await Promise.all(older.map((path) => rm(path, { force: true })));
}
