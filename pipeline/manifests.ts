/**
 * A day's manifests: the only thing that says what is published. A manifest is changed by folding a run's part into
 * the one that is there and writing the result on the condition that nobody wrote in between; whoever loses folds
 * again. The folds are pure and idempotent by run: folding the same part twice is folding it once.
 */
import { z } from 'zod';
import { countSchema, dataFileSchema, daySchema, fileIdSchema, timestampSchema } from './documents.ts';

const sourceSchema = z.object({ id: fileIdSchema, key: z.string(), run: z.string(), rows: countSchema });

/** Accepted plays that one run added to the day, one row for each source and play. */
export const playsPartSchema = z.object({
  run: z.string(),
  files: z.array(dataFileSchema),
  rows: countSchema,
  /** Distinct plays among the rows: equal to `rows` when no two sources of the part share a play. */
  distinctPlays: countSchema,
  sources: z.array(fileIdSchema),
});
export type PlaysPart = z.infer<typeof playsPartSchema>;

const manifestSchema = z.object({
  version: z.literal(1),
  day: daySchema,
  edition: countSchema.min(1),
  publishedAt: timestampSchema,
  /** The run that published this edition. */
  run: z.string(),
  referenceVersion: z.string(),
  scriptDigest: z.string(),
});

export const playsManifestSchema = manifestSchema.extend({
  kind: z.literal('plays'),
  ruleVersion: z.string(),
  /** Input files whose plays count. Rows of any other source in the parts do not. */
  sources: z.array(sourceSchema),
  /** Input files that a later version of the same key replaced. */
  retired: z.array(sourceSchema.extend({ retiredBy: fileIdSchema })),
  parts: z.array(playsPartSchema),
});
export type PlaysManifest = z.infer<typeof playsManifestSchema>;

/** Its edition is that of the day's plays from which the KPIs were computed. */
export const kpisManifestSchema = manifestSchema.extend({
  kind: z.literal('kpis'),
  plays: countSchema,
  items: countSchema,
  digest: z.string(),
  files: z.array(dataFileSchema),
});
export type KpisManifest = z.infer<typeof kpisManifestSchema>;

/** What a run brings to a day. */
export interface PlaysContribution {
  readonly day: string;
  readonly run: string;
  readonly publishedAt: string;
  readonly referenceVersion: string;
  readonly ruleVersion: string;
  readonly scriptDigest: string;
  readonly part?: PlaysPart | undefined;
  readonly sources: readonly { readonly id: string; readonly key: string; readonly rows: number }[];
  /** Sources that no longer count, the file that replaced each, and its key. */
  readonly retire: readonly { readonly id: string; readonly by: string; readonly key?: string }[];
  /** Keys that sources count under now, where it is no longer the one in the manifest. */
  readonly moved?: ReadonlyMap<string, string>;
}

/**
 * The day's next edition with the contribution folded in, or the current manifest itself when it has it already.
 * A source that counts already (an earlier run published it and died before it was done) is not added again, unless it
 * replaces itself: then its earlier rows make room for the new ones. No key has two sources that count.
 */
export function foldPlays(current: PlaysManifest | undefined, added: PlaysContribution): PlaysManifest {
  if (current !== undefined && hasContribution(current, added)) return current;
  const live = (current?.sources ?? []).map((source) => ({
    ...source,
    key: added.moved?.get(source.id) ?? source.key,
  }));
  const replacedBy = replacements(live, added);
  const kept = live.filter((source) => !replacedBy.has(source.id));
  const fresh = added.sources.filter((source) => !kept.some((known) => known.id === source.id));
  const freshIds = new Set(fresh.map((source) => source.id));
  const newlyRetired = live.flatMap((source) => {
    const by = replacedBy.get(source.id);
    return by === undefined || freshIds.has(source.id) ? [] : [{ ...source, retiredBy: by }];
  });
  const part = added.part?.sources.some((id) => freshIds.has(id)) === true ? added.part : undefined;
  const liveIds = new Set([...kept.map(({ id }) => id), ...freshIds]);
  const earlier = (current?.parts ?? []).map((each) => ({
    ...each,
    sources: each.sources.filter((id) => !freshIds.has(id)),
  }));
  const parts = [...earlier, ...(part === undefined ? [] : [part])];
  return {
    version: 1,
    kind: 'plays',
    day: added.day,
    edition: (current?.edition ?? 0) + 1,
    publishedAt: added.publishedAt,
    run: added.run,
    referenceVersion: added.referenceVersion,
    ruleVersion: added.ruleVersion,
    scriptDigest: added.scriptDigest,
    sources: [...kept, ...fresh.map(({ id, key, rows }) => ({ id, key, rows, run: added.run }))],
    retired: [...(current?.retired ?? []).filter((source) => !freshIds.has(source.id)), ...newlyRetired],
    parts: parts.filter(({ files, sources }) => files.length > 0 && sources.some((id) => liveIds.has(id))),
  };
}

/** Sources of a day that the contribution does not name, but brings something else for their key. */
export function namesakes({ sources }: PlaysManifest, added: PlaysContribution): PlaysManifest['sources'] {
  const newOfKey = broughtFor(added);
  const named = new Set(added.retire.map(({ id }) => id));
  return sources.filter(({ id, key }) => !named.has(id) && newOfKey.has(key) && newOfKey.get(key) !== id);
}

function broughtFor({ retire, sources }: PlaysContribution): Map<string, string> {
  return new Map([
    ...retire.flatMap(({ key, by }) => (key === undefined ? [] : [[key, by] as const])),
    ...sources.map(({ key, id }) => [key, id] as const),
  ]);
}

/** Which live sources stop counting, and by what: those named, and those of a key that something else is brought for. */
function replacements(live: PlaysManifest['sources'], added: PlaysContribution): Map<string, string> {
  const replacedBy = new Map(added.retire.map(({ id, by }) => [id, by]));
  const newOfKey = broughtFor(added);
  for (const { id, key } of live) {
    const by = newOfKey.get(key);
    if (by !== undefined && by !== id && !replacedBy.has(id)) replacedBy.set(id, by);
  }
  return replacedBy;
}

function hasContribution(current: PlaysManifest, added: PlaysContribution): boolean {
  const live = new Set(current.sources.map((source) => source.id));
  const brought = new Set(added.sources.map(({ id }) => id));
  const own = current.parts.find((part) => part.run === added.run);
  const mine = own === undefined ? current.run === added.run : !differ(own, added.part);
  const isRetired = ({ id }: { readonly id: string }): boolean => brought.has(id) || !live.has(id);
  return mine && added.sources.every(({ id }) => live.has(id)) && added.retire.every(isRetired);
}

/** A run that validates once more has other files. */
function differ(own: PlaysPart, added: PlaysPart | undefined): boolean {
  const keys = new Set(own.files.map(({ key }) => key));
  return added?.files.some(({ key }) => !keys.has(key)) ?? false;
}

/** An earlier edition of a day put back as a new one. */
export function rollBack(
  current: PlaysManifest,
  earlier: PlaysManifest,
  { run, publishedAt }: Pick<PlaysManifest, 'run' | 'publishedAt'>,
): PlaysManifest {
  return { ...earlier, edition: current.edition + 1, run, publishedAt };
}

/**
 * What becomes of computed KPIs: an older edition never replaces a newer one. The same one stays as it is, unless the run
 * that made it was told to compute it once more.
 */
export function decideKpis(
  current: KpisManifest | undefined,
  computed: KpisManifest,
): 'publish' | 'keep' | 'superseded' {
  if (current === undefined || current.edition < computed.edition) return 'publish';
  if (current.edition > computed.edition) return 'superseded';
  const known = new Set(current.files.map(({ key }) => key));
  const isLater = current.run === computed.run && current.publishedAt < computed.publishedAt;
  return isLater && computed.files.some(({ key }) => !known.has(key)) ? 'publish' : 'keep';
}
