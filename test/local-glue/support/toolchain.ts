/** The programs that the set-up has installed, for tests that need the real ones. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const schema = z.object({
  python: z.string(),
  sparkHome: z.string(),
  javaHome: z.string().optional(),
  jarsDir: z.string(),
  ministack: z.string(),
});
export type InstalledToolchain = z.infer<typeof schema>;

const folder = process.env['MSP_SETUP_DIR'] ?? join(import.meta.dirname, '..', '..', '..', '.setup');
export const toolchainFile = join(folder, 'toolchain.json');

/** `undefined`, with a message on the console, where the set-up has not been run. */
export function installedToolchain(): InstalledToolchain | undefined {
  if (existsSync(toolchainFile)) return schema.parse(JSON.parse(readFileSync(toolchainFile, 'utf8')));
  console.warn(`Skipped: ${toolchainFile} is missing; npm run setup installs the toolchain.`);
  return undefined;
}
