/** What a recovery can't bring back, in words: what it is, why, and what a person can do about it. */
import { z } from 'zod';
import { LAYERS } from './evidence.ts';
import type { Damage, DayEvidence, DocumentDamage } from './evidence.ts';

export const lostSchema = z.object({
  layer: z.enum(LAYERS),
  /** Key, or `day D`. */
  what: z.string(),
  because: z.string(),
  remedy: z.string(),
});
export type Lost = z.infer<typeof lostSchema>;

/** What can be done about a document of which no version is right. */
const REMEDIES: Readonly<Record<DocumentDamage['kind'], string>> = {
  plays:
    'Put it back from a copy of the bucket; until then the day stays as it is published, and takes no new KPIs.',
  kpis: 'Delete it, then recover the day: its KPIs are computed again from its plays.',
  file: 'Put it back from a copy of the bucket, or deliver again, as it was, the file that it is about.',
  key: 'Put it back from a copy of the bucket before a correction is delivered under its key: without it the correction would count beside what it corrects.',
  archive: 'Deliver the file again, as it was: it is recognised and archived, and nothing else changes.',
  inputs: 'The run can no longer be resumed; a new run takes over the files that it had claimed.',
  run: 'Name the days or files of the run instead.',
};

export function lostDocument({ kind, key, problem, edition }: DocumentDamage): Lost {
  return {
    layer: 'record',
    what: key,
    because:
      problem === 'older'
        ? `it is edition ${edition}, before that of the KPIs, and no version of it is a later one`
        : 'no version of it can be read',
    remedy: REMEDIES[kind],
  };
}

/** Plays without a backup are named with their day; KPIs without one are made again. */
export function lostObject({ layer, key, problem, backup }: Damage): Lost[] {
  if (backup !== undefined || layer === 'validated' || layer === 'kpi') return [];
  const because = `it is ${problem === 'missing' ? 'missing' : `damaged (${problem})`} and no version of it has the right bytes`;
  const remedy =
    layer === 'raw'
      ? 'Deliver it again, as it was.'
      : 'Deliver it again, as it was: it is recognised and archived, and nothing else changes.';
  return [{ layer, what: key, because, remedy }];
}

/** What a day would need that can't be computed any more. */
export function lostKpis({ day, plays, kpis }: DayEvidence, gone: ReadonlyMap<string, Damage>): Lost {
  const filesGone = kpis?.files.some((key) => gone.has(key)) === true;
  if (plays === null && kpis === null) {
    return {
      layer: 'table',
      what: `items of ${day} in the table`,
      because: 'no manifest says that the day was ever published',
      remedy: 'Put its manifests back from a copy of the bucket, or delete the items.',
    };
  }
  return {
    layer: filesGone ? 'kpi' : 'table',
    what: filesGone ? `KPIs of ${day}` : `items of ${day} in the table`,
    because: 'they can only be computed from the plays of the day, which are lost',
    remedy: 'Recover the plays of the day first.',
  };
}
