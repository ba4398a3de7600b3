/**
 * Lets Node run the project's TypeScript sources as they stand, for commands that are part of the tests:
 *
 *     node --import ./test/support/typescript.mjs test/replay/record.ts
 *
 * As in jest, swc only strips the types; tsc checks them in `npm run lint`.
 */
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Called by Node for each module, in a thread of its own. */
export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return await nextLoad(url, context);
  const { transform } = await import('@swc/core');
  const filename = fileURLToPath(url);
  const { code } = await transform(await readFile(filename, 'utf8'), {
    filename,
    configFile: false,
    swcrc: false,
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  });
  return { format: 'module', source: code, shortCircuit: true };
}

register(import.meta.url);
