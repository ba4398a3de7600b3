/**
 * The bucket's layout: which key holds what. Every key that the worker, the CLI or the local stack uses is made
 * here, so that this page is the map of the bucket. Keys are S3 keys without a leading slash; prefixes end in `/`.
 */

import type { PlannedStage } from './plans.ts';

/** Prefixes that exist in every bucket of the pipeline, each with a marker object (an empty object at the prefix). */
export const PREFIXES = {
  streams: 'streams/',
  songs: 'reference/songs/',
  users: 'reference/users/',
  plays: 'validated/plays/',
  errors: 'validated/errors/',
  review: 'validated/review/',
  files: 'processed/files/',
  keys: 'processed/keys/',
  playsManifests: 'processed/manifests/plays/',
  kpisManifests: 'processed/manifests/kpis/',
  runs: 'processed/runs/',
  procedures: 'processed/procedures/',
  kpis: 'kpis/',
  archived: 'archived/',
  scripts: 'scripts/',
  temporary: 'temporary/',
  quarantine: 'quarantine/',
} as const;

/** What a day's manifest is about: its accepted plays, or the KPIs computed from them. */
export type ManifestKind = 'plays' | 'kpis';

export const layout = {
  /** Reference data of one version, copied once; what scripts read and what a day's manifest names. */
  pinnedReference: (version: string, kind: 'songs' | 'users', order: number, gzip: boolean): string =>
    `reference/versions/${version}/${kind}/${String(order).padStart(4, '0')}.csv${gzip ? '.gz' : ''}`,

  /** What was found in a version of reference data, and which files it has. */
  judgedReference: (version: string): string => `reference/versions/${version}/judged.json`,

  /** Claim and record of an input file, by content. */
  file: (fileId: string): string => `${PREFIXES.files}${fileId}.json`,

  /** Which content a delivered key currently stands for; named by the SHA-256 of the key, as keys may hold anything. */
  key: (keyDigest: string): string => `${PREFIXES.keys}${keyDigest}.json`,

  /** The current edition of a day. */
  manifest: (kind: ManifestKind, day: string): string =>
    `${kind === 'plays' ? PREFIXES.playsManifests : PREFIXES.kpisManifests}${day}.json`,

  /** Everything that a run records about itself. */
  runFolder: (run: string): string => `${PREFIXES.runs}${run}/`,
  runRecord: (run: string, name: string): string => `${PREFIXES.runs}${run}/${name}.json`,

  /** What the Glue script of a stage is told to do. */
  plan: (run: string, stage: PlannedStage): string => `${PREFIXES.runs}${run}/${stage}-plan.json`,

  /** Where the Glue script of a stage writes its report; the script appends `JOB_RUN_ID.json`. */
  stageReports: (run: string, stage: PlannedStage): string => `${PREFIXES.runs}${run}/${stage}/`,
  deadLetters: (run: string): string => `${PREFIXES.runs}${run}/dead-letters/`,

  /** The report of an emergency shutdown and the plan that undoes it. */
  shutdown: (shutdown: string, name: string): string => `processed/shutdowns/${shutdown}/${name}`,

  errors: (run: string): string => `${PREFIXES.errors}run=${run}/`,
  review: (run: string): string => `${PREFIXES.review}run=${run}/`,

  /** Scratch of a run. Inputs are staged under names that no file system or glob stumbles over. */
  scratch: (run: string): string => `${PREFIXES.temporary}run=${run}/`,
  stagedInput: (run: string, order: number, fileId: string, gzip: boolean): string =>
    `${PREFIXES.temporary}run=${run}/inputs/${String(order).padStart(4, '0')}-${fileId}.csv${gzip ? '.gz' : ''}`,

  /** An input as delivered, filed under the date of its processing; the rest of its key stays as it was. */
  archived: (run: string, processedOn: string, deliveredKey: string): string =>
    `${PREFIXES.archived}${processedOn.replaceAll('-', '/')}/run=${run}/${deliveredKey}`,
  archiveRecord: (run: string, processedOn: string, fileId: string): string =>
    `${PREFIXES.archived}${processedOn.replaceAll('-', '/')}/run=${run}/records/${fileId}.json`,

  /** An input that an operator refused at the gate, or unfinished output that a shutdown set aside. */
  quarantined: (run: string, key: string): string => `${PREFIXES.quarantine}run=${run}/${key}`,

  /** What a procedure writes: evidence, plan, snapshot, report. */
  procedureFolder: (procedure: string): string => `${PREFIXES.procedures}${procedure}/`,
  procedureRecord: (procedure: string, name: string): string =>
    `${PREFIXES.procedures}${procedure}/${name}.json`,

  script: (name: string, digest: string, file: string): string =>
    `${PREFIXES.scripts}${name}/${digest}/${file}`,
} as const;

/** `s3://bucket/key`, the form in which scripts are told where things are. */
export function s3Uri(bucket: string, key: string): string {
  return `s3://${bucket}/${key}`;
}

/** The inverse of {@link s3Uri}; `undefined` when the text is not an S3 URI. */
export function parseS3Uri(uri: string): { bucket: string; key: string } | undefined {
  const match = /^s3:\/\/([^/]+)\/(.+)$/s.exec(uri);
  return match?.[1] !== undefined && match[2] !== undefined ? { bucket: match[1], key: match[2] } : undefined;
}

/**
 * The run's id in keys: its workflow id made safe for paths and Hive partitions, and the last group of the original
 * run id, because a workflow id may be used again, as a cron chain does. It survives a reset, as the original run id does.
 *
 * The last group is random. A run id begins with the time (UUIDv7), and its first group is the same for a minute.
 */
export function runIdOf(workflowId: string, originalRunId: string): string {
  const safe = workflowId.replaceAll(/[^A-Za-z0-9._-]+/g, '-').slice(0, 120);
  return `${safe}-${originalRunId.slice(-12)}`;
}
