/**
 * Builds the workflow bundle: `node dist/worker/bundle.js`. Workers load the finished bundle, so that all workers of a
 * build run the same workflow code and start without webpack.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

/** Beside this file in `dist/`. */
export const BUNDLE_PATH = fileURLToPath(new URL('./workflow-bundle.js', import.meta.url));

const WORKFLOWS = fileURLToPath(new URL('../workflows/index.js', import.meta.url));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { code } = await bundleWorkflowCode({ workflowsPath: WORKFLOWS });
  await writeFile(BUNDLE_PATH, code);
}
