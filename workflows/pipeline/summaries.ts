/** One line about what a stage did, for the current details, the checkpoints and the CLI. */
import type {
  ArchiveReport,
  DayEdition,
  EndedGlueRun,
  Identity,
  LoadSummary,
  NewStreams,
  Preparation,
  PublishedKpis,
  QualitySummary,
  ScriptsReport,
  StructureReport,
} from '../../pipeline/activity-types.ts';
import type { Reference, ReferenceRows } from '../../pipeline/documents.ts';
import { cut, firstFew } from '../../pipeline/first-few.ts';
import { bytes, plural } from '../../pipeline/format.ts';

/** Of the gate's reasons in a line: enough to see whether to look at `msp quality`, which has all. */
const REASONS_LENGTH = 1_000;

const list = (...parts: (string | false)[]): string => parts.filter((part) => part !== false).join(', ');

export const identity = ({ arn, region }: Identity): string => `${arn} in ${region}`;

export const structure = ({ createdPrefixes }: StructureReport): string =>
  createdPrefixes.length === 0
    ? 'complete'
    : `${plural(createdPrefixes.length, 'prefix', 'prefixes')} created`;

export const scripts = ({ uploaded, changedJobs }: ScriptsReport, orphans: readonly string[]): string =>
  list(
    uploaded === 0 && changedJobs.length === 0 && 'up to date',
    uploaded > 0 && `${plural(uploaded, 'object')} uploaded`,
    changedJobs.length > 0 && `set up ${changedJobs.join(', ')}`,
    orphans.length > 0 && `told ${firstFew(orphans)} to stop, left by runs that have ended`,
  );

const rowsOf = (what: string, { files, rows, unusable }: ReferenceRows): string =>
  `${rows} ${what} in ${plural(files, 'file')}${unusable > 0 ? ` (${unusable} unusable)` : ''}`;

export function reference({ version, songs, users, firstBad }: Reference): string {
  const more = songs.unusable + users.unusable - firstBad.length;
  return list(
    `version ${version}`,
    rowsOf('songs', songs),
    rowsOf('users', users),
    firstBad.length > 0 && `unusable: ${firstBad.join(', ')}`,
    more > 0 && `${more} more`,
  );
}

export const found = ({ files, bytes: size, left, hidden = 0 }: NewStreams): string =>
  list(
    files === 0 ? 'nothing new' : `${plural(files, 'file')}, ${bytes(size)}`,
    left > 0 && `${left} left to a next run`,
    hidden > 0 && `${plural(hidden, 'object')} with hidden names left out`,
  );

export const prepared = ({ toValidate, redelivered, retiring, deferred }: Preparation): string =>
  list(
    `${plural(toValidate, 'file')} to validate`,
    redelivered > 0 && `${redelivered} delivered before`,
    retiring > 0 && `${retiring} replaced`,
    deferred > 0 && `${deferred} left to a next run (another run has them)`,
  );

export const glue = ({ executionSeconds, dpuSeconds }: EndedGlueRun): string =>
  list(`${executionSeconds} s`, dpuSeconds !== undefined && `${dpuSeconds} DPU-seconds`);

export function gate({ gate: verdict, rows }: QualitySummary, rejected: boolean): string {
  const decided =
    verdict.verdict !== 'hold'
      ? verdict.verdict
      : rejected
        ? 'rejected by an operator'
        : 'approved by an operator';
  const reasons = verdict.reasons.length === 0 ? '' : `; ${cut(verdict.reasons.join('; '), REASONS_LENGTH)}`;
  const counts = `${rows.delivered} rows: ${rows.valid} valid, ${rows.duplicate} duplicate, ${rows.rejected} rejected, ${rows.underReview} under review`;
  return `${decided}; ${counts}${reasons}`;
}

export function days(editions: readonly DayEdition[], count: number): string {
  if (count === 0) return 'no day has changed';
  return firstFew(
    editions.map(({ day, edition }) => `${day} edition ${edition}`),
    count,
  );
}

export const publishedKpis = ({ published, publishedCount, supersededCount }: PublishedKpis): string =>
  list(
    days(published, publishedCount),
    supersededCount > 0 && `${plural(supersededCount, 'day')} superseded by newer editions`,
  );

export const archived = ({ archived: files, bytes: size, kept }: ArchiveReport): string =>
  list(
    `${plural(files, 'file')}, ${bytes(size)}`,
    kept > 0 && `${kept} originals kept: a newer version has arrived`,
  );

export const loaded = (load: LoadSummary | null): string =>
  load === null
    ? ''
    : list(
        `items: ${load.put} written, ${load.deleted} deleted, ${load.unchanged} unchanged`,
        load.superseded > 0 && `${plural(load.superseded, 'day')} superseded`,
      );
