/**
 * The promises of the pipeline, each as a look at everything that is there: `PROMISES` reads as their list. A look
 * returns what is wrong, in words; nothing when the promise is kept.
 */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { DataFile } from '../../pipeline/documents.ts';
import { isLive, ownerOfToken } from '../../pipeline/glue-run.ts';
import { fileRecordSchema, keyRecordSchema } from '../../pipeline/inputs.ts';
import type { FileRecord, Owner } from '../../pipeline/inputs.ts';
import { PREFIXES } from '../../pipeline/layout.ts';
import { kpisManifestSchema, playsManifestSchema } from '../../pipeline/manifests.ts';
import { differences } from '../support/stack/pipeline-stack.ts';
import { until } from '../support/until.ts';
import type { CrashWorld, DeliveredFile, GlueJobRun, Whereabouts } from './world.ts';

type Look = (world: CrashWorld) => Promise<string[]>;

const PROMISES: Readonly<Record<string, Look>> = {
  'the published KPIs of every day equal those of its accepted plays': async (world) =>
    differences(await world.truth(), await world.stack.items()),
  'a day has the editions that were asked for': editions,
  'a manifest lists what is there, whole': wholeManifests,
  'one Glue run for each stage and round': oneGlueRunEach,
  'no Glue run works for nobody': noOrphans,
  'no input is lost': noInputLost,
  'no run that has ended for good owns a file': noStrayClaims,
  'nothing waits for an operator': nothingWaits,
};

/** Broken promises with what is wrong. */
export async function brokenPromises(world: CrashWorld): Promise<string[]> {
  const broken: string[] = [];
  for (const [promise, look] of Object.entries(PROMISES)) {
    const wrong = await look(world);
    if (wrong.length > 0) broken.push(`${promise}: ${wrong.slice(0, 5).join('; ')}`);
  }
  return broken;
}

const MANIFESTS = {
  plays: { prefix: PREFIXES.playsManifests, schema: playsManifestSchema },
  kpis: { prefix: PREFIXES.kpisManifests, schema: kpisManifestSchema },
} as const;

async function editions(world: CrashWorld): Promise<string[]> {
  const wrong: string[] = [];
  for (const [kind, { prefix, schema }] of Object.entries(MANIFESTS)) {
    const found = new Map<string, number>();
    for (const { day, edition } of await documents<{ day: string; edition: number }>(world, prefix, schema))
      found.set(day, edition);
    for (const day of new Set([...world.editions.keys(), ...found.keys()])) {
      const [is, should] = [found.get(day), world.editions.get(day)];
      if (is !== should) wrong.push(`${kind} of ${day}: edition ${is}, not ${should}`);
    }
  }
  return wrong;
}

async function wholeManifests(world: CrashWorld): Promise<string[]> {
  const plays = await documents(world, PREFIXES.playsManifests, playsManifestSchema);
  const kpis = await documents(world, PREFIXES.kpisManifests, kpisManifestSchema);
  const listed: DataFile[] = [
    ...plays.flatMap(({ parts }) => parts.flatMap(({ files }) => files)),
    ...kpis.flatMap(({ files }) => files),
  ];
  const wrong = await Promise.all(
    listed.map(async ({ key, sha256 }) => {
      const digest = await digestOf(world, key);
      return digest === sha256 ? [] : [`${key} ${digest === undefined ? 'is missing' : 'is another'}`];
    }),
  );
  return wrong.flat();
}

/** One that was stopped, or that Glue itself lost, makes room for the next; no other end does. */
async function oneGlueRunEach(world: CrashWorld): Promise<string[]> {
  const made = new Map<string, GlueJobRun[]>();
  for (const run of await world.glueRuns()) {
    const lost = run.state === 'FAILED' && run.errorMessage.startsWith('Internal service error');
    if (run.state === 'STOPPED' || lost) continue;
    made.set(run.token, [...(made.get(run.token) ?? []), run]);
  }
  return [...made].flatMap(([token, runs]) =>
    runs.length === 1 ? [] : [`${token}: ${runs.map(({ id, state }) => `${id} ${state}`).join(', ')}`],
  );
}

async function noOrphans(world: CrashWorld): Promise<string[]> {
  const live = (await world.glueRuns()).filter(({ state }) => isLive(state));
  return live.flatMap(({ id, token, state }) => {
    const watched = world.open.has(ownerOfToken(token)?.workflowId ?? '');
    return watched ? [] : [`${id} (${token}) is ${state}`];
  });
}

async function noInputLost(world: CrashWorld): Promise<string[]> {
  const wrong = await Promise.all(
    [...world.files.values()].map(async (file) => {
      const found = await whereabouts(world, file);
      return found.length === 1 && found[0] === file.where
        ? []
        : [`${file.name} is ${found.join(' and ') || 'nowhere'}, not ${file.where}`];
    }),
  );
  return wrong.flat();
}

/** Where the file's bytes are, by the records that say so. */
async function whereabouts(world: CrashWorld, file: DeliveredFile): Promise<Whereabouts[]> {
  const sha256 = createHash('sha256').update(file.content).digest('hex');
  const record = await world.recordOf(file);
  const copy = record?.archivedAs === undefined ? undefined : await digestOf(world, record.archivedAs);
  const places: Record<Whereabouts, boolean> = {
    waiting: (await digestOf(world, `${PREFIXES.streams}${file.name}`)) === sha256,
    archived: record?.state === 'done' && copy === sha256,
    refused: record?.state === 'refused' && copy === sha256,
  };
  return (['waiting', 'archived', 'refused'] as const).filter((place) => places[place]);
}

async function noStrayClaims(world: CrashWorld): Promise<string[]> {
  const files = await documents(world, PREFIXES.files, fileRecordSchema);
  const keys = await documents(world, PREFIXES.keys, keyRecordSchema);
  const isClaim = ({ state }: FileRecord): boolean => state === 'claimed' || state === 'published';
  const claims: (Owner & { of: string })[] = [
    ...files.filter(isClaim).map(({ owner, key }) => ({ ...owner, of: key })),
    ...keys.flatMap(({ pending, key }) => (pending === undefined ? [] : [{ ...pending, of: key }])),
  ];
  return claims.flatMap(({ workflowId, of }) =>
    world.open.has(workflowId) || world.claimants.has(workflowId) ? [] : [`${workflowId} owns ${of}`],
  );
}

/** Temporal lists what has just ended for some hundred milliseconds more. */
const LISTED_WITHIN_MS = 10_000;

async function nothingWaits(world: CrashWorld): Promise<string[]> {
  let seen: string[] = [];
  const look = async (): Promise<boolean> => {
    const open = new Set<string>();
    const waiting: string[] = [];
    const query = `ExecutionStatus = 'Running' AND TaskQueue = '${world.stack.client.settings.taskQueue}'`;
    for await (const { workflowId } of world.stack.client.temporal.client.workflow.list({ query })) {
      open.add(workflowId);
      if (!world.open.has(workflowId)) waiting.push(`${workflowId} is open`);
    }
    for (const expected of world.open) if (!open.has(expected)) waiting.push(`${expected} is not open`);
    seen = waiting;
    return waiting.length === 0;
  };
  await until('only what is expected is open', look, LISTED_WITHIN_MS).catch(() => undefined);
  return seen;
}

async function documents<T>(world: CrashWorld, prefix: string, schema: z.ZodType<T>): Promise<T[]> {
  const keys = (await world.stack.keys(prefix)).filter((key) => key.endsWith('.json'));
  const found = await Promise.all(keys.map((key) => world.document(key, schema)));
  return found.filter((each) => each !== undefined);
}

async function digestOf(world: CrashWorld, key: string): Promise<string | undefined> {
  const bytes = await world.bytes(key);
  return bytes === undefined ? undefined : createHash('sha256').update(bytes).digest('hex');
}
