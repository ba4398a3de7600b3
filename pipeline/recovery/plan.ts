/**
 * How damaged data is repaired, decided from the evidence alone: pure, so that the same world gives the same plan and
 * its digest says whether the world has changed.
 *
 * In this order of preference: an object is restored from a version that has the right bytes; KPIs and items are made
 * again from the day's plays; plays are made again from the input files that brought them. A day of which a file can't
 * be had in any version stays as it is published, because a day computed without it would be wrong; it is named as
 * lost. A file whose plays are made again touches every day that it has plays in, so a day that is lost blocks it. And
 * a part of a day is replaced as a whole: were a file's earlier rows to stay in it, those that the present rules no
 * longer accept would go on counting.
 */
import { z } from 'zod';
import { countSchema, daySchema, fileIdSchema, objectVersionSchema } from '../documents.ts';
import {
  damageSchema,
  documentDamageSchema,
  kpiFiguresSchema,
  sourceEvidenceSchema,
  tableDiffers,
} from './evidence.ts';
import type { Damage, DayEvidence, Evidence, SourceEvidence } from './evidence.ts';
import { lostDocument, lostKpis, lostObject, lostSchema } from './lost.ts';
import type { Lost } from './lost.ts';

const restoreSchema = damageSchema
  .pick({ layer: true, problem: true, key: true, size: true, sha256: true })
  .extend({ from: objectVersionSchema });
export type Restore = z.infer<typeof restoreSchema>;

const documentRestoreSchema = documentDamageSchema.pick({ kind: true, key: true }).extend({
  from: objectVersionSchema,
  /** The edition that is there and makes room for a later one; without it a right document is left alone. */
  older: countSchema.optional(),
});
export type DocumentRestore = z.infer<typeof documentRestoreSchema>;

/** An input file whose plays are made again: its bytes are delivered again under its own key. */
export const returnSchema = sourceEvidenceSchema
  .pick({ id: true, key: true, size: true, sha256: true, days: true })
  .extend({
    from: objectVersionSchema,
    /** The first of the files that share a part with it, directly or through others: one run takes them all. */
    together: fileIdSchema.optional(),
  });
export type Return = z.infer<typeof returnSchema>;

export const beforeSchema = z.object({
  day: daySchema,
  playsEdition: countSchema.nullable(),
  sources: z.array(z.object({ id: fileIdSchema, rows: countSchema })),
  kpis: kpiFiguresSchema.nullable(),
});
/** What the records say of a day before anything is done; the result is held against it. */
export type Before = z.infer<typeof beforeSchema>;

/** Nothing in it differs between executions that find the same world: the digest of a dry run approves it in another. */
export const recoveryPlanSchema = z.object({
  version: z.literal(1),
  procedure: z.literal('dataRecovery'),
  documents: z.array(documentRestoreSchema),
  restores: z.array(restoreSchema),
  returns: z.array(returnSchema),
  /** Days whose KPIs and items are made again from their plays. */
  recompute: z.array(daySchema),
  rollback: z
    .object({
      day: daySchema,
      edition: countSchema,
      from: objectVersionSchema,
      current: countSchema,
      leaving: z.array(fileIdSchema),
    })
    .nullable(),
  lost: z.array(lostSchema),
  before: z.array(beforeSchema),
  /** What was found and is left as it is, or was not looked at, and why. */
  left: z.array(z.string()).optional(),
});
export type RecoveryPlan = z.infer<typeof recoveryPlanSchema>;

type Found = Omit<RecoveryPlan, 'version' | 'procedure' | 'rollback'>;

export function planRecovery({ damages, documents, days, sources, remake: anew, left }: Evidence): Found {
  const gone = new Map(
    damages.filter(({ backup }) => backup === undefined).map((damage) => [damage.key, damage]),
  );
  const remade = remake(days, sources, gone, new Set(anew));
  const touched = new Set(remade.returns.flatMap((file) => file.days));
  const isLost = ({ day, plays }: DayEvidence): boolean => plays === null || remade.lostDays.has(day);
  const damaged = days.filter((day) => needsComputing(day, gone));
  const recompute = damaged
    .filter((day) => !isLost(day) && !touched.has(day.day))
    .map(({ day }) => day)
    .sort();
  for (const day of recompute) touched.add(day);
  return {
    documents: documents.flatMap(({ kind, key, problem, edition, backup }) => {
      if (backup === undefined) return [];
      return [{ kind, key, from: backup, ...(problem === 'older' ? { older: edition } : {}) }];
    }),
    restores: damages.flatMap(restoreOf),
    returns: remade.returns,
    recompute,
    lost: [
      ...documents.flatMap((damage) => (damage.backup === undefined ? [lostDocument(damage)] : [])),
      ...damages.flatMap((damage) => lostObject(damage)),
      ...remade.lost,
      ...damaged.filter(isLost).map((day) => lostKpis(day, gone)),
    ],
    before: days.filter(({ day }) => touched.has(day)).map(beforeOf),
    ...(left === undefined ? {} : { left }),
  };
}

function restoreOf({ layer, problem, key, size, sha256, backup }: Damage): Restore[] {
  return backup === undefined ? [] : [{ layer, problem, key, size, sha256, from: backup }];
}

function needsComputing({ kpis, behind, table }: DayEvidence, gone: ReadonlyMap<string, Damage>): boolean {
  return behind || tableDiffers(table) || kpis?.files.some((key) => gone.has(key)) === true;
}

/** Which files have to be processed again, and which days can't be repaired that way. */
function remake(
  days: readonly DayEvidence[],
  sources: readonly SourceEvidence[],
  gone: ReadonlyMap<string, Damage>,
  anew: Keys,
): { returns: Return[]; lostDays: ReadonlySet<string>; lost: Lost[] } {
  const byId = new Map(sources.map((source) => [source.id, source]));
  const renewed = sourcesToRenew(days, gone, anew);
  const needed = new Map(days.map((day) => [day.day, sourcesOfDay(day, gone, anew, renewed)]));
  const why = new Map<string, string>();
  const remedies = new Map<string, string>();
  // A lost day keeps the files of other days from being processed again, which loses those days: until nothing changes.
  for (let changed = true; changed;) {
    changed = false;
    for (const [day, ids] of needed) {
      if (why.has(day)) continue;
      for (const id of ids) {
        const source = byId.get(id);
        const reason = whyNot(source, id, why);
        if (reason === undefined) continue;
        why.set(day, reason.because);
        remedies.set(day, reason.remedy);
        changed = true;
        break;
      }
    }
  }
  const wanted = new Set([...needed].flatMap(([day, ids]) => (why.has(day) ? [] : ids)));
  const together = companions(days, wanted);
  const returns = [...wanted].sort().flatMap((id) => {
    const source = byId.get(id);
    if (source?.backup === undefined) return [];
    const { key, size, sha256, backup } = source;
    const first = together.get(id) ?? id;
    return [{ id, key, size, sha256, days: [...source.days].sort(), from: backup, together: first }];
  });
  // A day that would only have been touched by the repair of another has all its plays.
  const none = new Set<string>();
  const own = days.filter((day) => why.has(day.day) && sourcesOfDay(day, gone, anew, none).length > 0);
  const lost = own.map(({ day }) => ({
    layer: 'validated' as const,
    what: `plays of ${day}`,
    because: why.get(day) ?? '',
    remedy: remedies.get(day) ?? '',
  }));
  return { returns, lostDays: new Set(own.map(({ day }) => day)), lost };
}

/** The files whose plays have to be made again: those of parts that are gone, and whatever shares a part with them. */
export function sourcesToRenew(days: readonly DayEvidence[], gone: Keys, anew: Keys): ReadonlySet<string> {
  const renewed = new Set<string>();
  for (let before = -1; before !== renewed.size;) {
    before = renewed.size;
    for (const day of days) for (const id of sourcesOfDay(day, gone, anew, renewed)) renewed.add(id);
  }
  return renewed;
}

/**
 * Of files that are processed again, the first of those that share a part with each, directly or through others. A
 * part is replaced as a whole: a run that took a few of its files would compute the day with what is left of it.
 */
function companions(days: readonly DayEvidence[], ids: ReadonlySet<string>): ReadonlyMap<string, string> {
  const first = new Map([...ids].map((id) => [id, id]));
  const parts = days.flatMap(({ plays }) => plays?.parts.map(({ sources }) => sources) ?? []);
  for (let changed = true; changed;) {
    changed = false;
    for (const sources of parts) {
      const found = sources.flatMap((id) => first.get(id) ?? []).sort();
      const smallest = found[0];
      if (smallest === undefined || smallest === found.at(-1)) continue;
      for (const id of sources) if (first.has(id)) first.set(id, smallest);
      changed = true;
    }
  }
  return first;
}

interface Keys {
  has(key: string): boolean;
}

/** Which rows of a part are gone with one of its files is not known, so all its live sources are meant. */
function sourcesOfDay(
  { day, plays, uncounted = [] }: DayEvidence,
  gone: Keys,
  anew: Keys,
  renewed: Keys,
): string[] {
  if (plays === null) return [];
  const live = new Set(plays.sources.map(({ id }) => id));
  const ids = plays.parts.flatMap(({ files, sources }) => {
    const counting = sources.filter((id) => live.has(id));
    const meant =
      anew.has(day) || files.some((key) => gone.has(key)) || counting.some((id) => renewed.has(id));
    return meant ? counting : [];
  });
  return [...new Set([...ids, ...uncounted])].sort();
}

function whyNot(
  source: SourceEvidence | undefined,
  id: string,
  lostDays: ReadonlyMap<string, string>,
): { because: string; remedy: string } | undefined {
  if (source === undefined || source.backup === undefined) {
    const key = source?.key ?? id;
    return {
      because: `no version of its input ${key} has the right bytes`,
      remedy: `Deliver ${key} again, as it was, then recover the day again.`,
    };
  }
  if (source.blocked !== undefined) {
    return {
      because: `${source.key}: ${source.blocked}`,
      remedy:
        source.excepted === true
          ? 'Recover the day without the exception.'
          : 'Run the pipeline, then recover the day again.',
    };
  }
  const blocking = source.days.find((day) => lostDays.has(day));
  if (blocking === undefined) return undefined;
  return {
    because: `${source.key} has plays of ${blocking} as well, which is lost`,
    remedy: `Recover ${blocking} first, then this day again.`,
  };
}

/** A day as evidence or manifests have it. */
interface RecordedDay {
  readonly day: string;
  readonly plays: { readonly edition: number; readonly sources: Before['sources'] } | null;
  readonly kpis: NonNullable<Before['kpis']> | null;
}

export function beforeOf({ day, plays, kpis }: RecordedDay): Before {
  return {
    day,
    playsEdition: plays?.edition ?? null,
    sources: plays?.sources.map(({ id, rows }) => ({ id, rows })) ?? [],
    kpis: kpis === null ? null : kpiFiguresSchema.parse(kpis),
  };
}
