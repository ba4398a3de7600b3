/**
 * The build of the Glue scripts that a worker brings along (`glue-scripts/build.py`). A digest stands in reports and
 * manifests, so it is computed again from the bytes: files that were changed after the build are none of it.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SCRIPT_NAMES } from '../../pipeline/stages.ts';
import type { ScriptName } from '../../pipeline/stages.ts';
import { failure } from '../call.ts';
import { traitsOf } from '../../systems/aws/errors.ts';

const PACKAGE = 'music_streaming';

/** Hex digits of a digest, as the build has them. */
const DIGEST_LENGTH = 16;

const builtFileSchema = z.object({ digest: z.string().length(DIGEST_LENGTH), file: z.string() });
const buildSchema = z.object({
  scripts: z.record(z.enum(SCRIPT_NAMES), builtFileSchema),
  package: builtFileSchema,
});

export interface Built {
  readonly name: string;
  readonly digest: string;
  readonly file: string;
  readonly body: Buffer;
  /** Of the body, in hex. */
  readonly sha256: string;
}

export interface Build {
  readonly scripts: ReadonlyMap<ScriptName, Built>;
  /** The package that the scripts import. */
  readonly library: Built;
}

/**
 * The digest of a build's file: of the package its own bytes', of a script its own and those of the package that it
 * imports.
 */
export function buildDigest(...bodies: readonly Buffer[]): string {
  const total = createHash('sha256');
  for (const body of bodies) total.update(`${sha256(body)}\n`);
  return total.digest('hex').slice(0, DIGEST_LENGTH);
}

function sha256(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

/** @throws `ScriptsInvalid` when a file is missing or is not the one that was built */
export async function readBuild(directory: string): Promise<Build> {
  try {
    const build = buildSchema.parse(JSON.parse(await readFile(join(directory, 'digests.json'), 'utf8')));
    const library = await readBuilt(directory, PACKAGE, build.package);
    const scripts = new Map<ScriptName, Built>();
    for (const name of SCRIPT_NAMES)
      scripts.set(name, await readBuilt(directory, name, build.scripts[name], library.body));
    return { scripts, library };
  } catch (error) {
    const why = traitsOf(error).message;
    throw failure('ScriptsInvalid', `The Glue scripts in ${directory} are not a whole build: ${why}`, error);
  }
}

async function readBuilt(
  directory: string,
  name: string,
  { digest, file }: z.infer<typeof builtFileSchema>,
  ...imported: readonly Buffer[]
): Promise<Built> {
  const body = await readFile(join(directory, file));
  const found = buildDigest(body, ...imported);
  if (found !== digest) throw new Error(`${file} has the digest ${found}, its build recorded ${digest}`);
  return { name, digest, file, body, sha256: sha256(body) };
}
