/**
 * Which stream files there are and what is in each: the ordinary files of each day, late ones, those that span midnight,
 * corrections and broken ones. Planning costs nothing; rows are made when they are read.
 */
import type { BrokenFile, DatasetOptions, ParsedOptions, Trait } from './options.ts';
import { datasetOptionsSchema } from './options.ts';
import { addDays, playSource, type Play, type Plays, type PlaySource } from './plays.ts';
import { hash, PURPOSE } from './random.ts';
import { fileRows, type Row, type RowOptions } from './rows.ts';

/** In the order of delivery. */
const KINDS = ['regular', 'midnight', 'broken', 'late', 'correction'] as const;
export type FileKind = (typeof KINDS)[number];

export interface StreamFile {
  /** A correction has the name of the file it corrects. */
  readonly name: string;
  readonly kind: FileKind;
  readonly traits: readonly Trait[];
  readonly broken?: BrokenFile;
  /**
   * The rows with the verdict each must get when the files are processed in this order, each once. A correction's hold
   * when it is processed after all others.
   */
  rows(): Generator<Row>;
}

/**
 * All stream files of a data set, in the order of their delivery.
 * @throws z.ZodError naming each wrong option
 */
export function generateStreams(given: DatasetOptions): StreamFile[] {
  const options = datasetOptionsSchema.parse(given);
  const source = playSource(options);
  const rowOptions: RowOptions = { ...options, trackId: source.trackId };
  let files = 0;

  const make = (
    kind: FileKind,
    name: string,
    plays: Plays,
    earlier?: Plays,
    given?: readonly Trait[],
  ): StreamFile => {
    const file = files++;
    const inTurn = options.formats[file % options.formats.length] ?? [];
    const traits = given ?? inTurn;
    const content = { file, plays, earlier, truncated: traits.includes('truncated_last_line') };
    const extension = traits.includes('gzip') ? 'csv.gz' : 'csv';
    return { name: `${name}.${extension}`, kind, traits, rows: () => fileRows(rowOptions, content) };
  };

  const made: StreamFile[] = [];
  if (options.singleFile) {
    const last = addDays(options.firstDay, options.days - 1);
    made.push(make('regular', `streams-${options.firstDay}-to-${last}`, allDays(options, source)));
  }
  for (let day = 0; day < options.days; day += 1) {
    const date = addDays(options.firstDay, day);
    const shares = dayShares(options).map(({ from, to }) => source.regular(day, from, to));
    const ofDay = options.singleFile
      ? []
      : shares.map((plays, i) =>
          make('regular', `streams-${date}-${numbered(i, shares.length)}`, plays, shares[i - 1]),
        );
    made.push(...ofDay);
    if (options.midnightFiles) {
      const plays = source.additional(day, options.midnightFilePlays, (position) => 22 + (position % 4));
      made.push(make('midnight', `streams-${date}-midnight`, plays));
    }
    for (let i = 0; i < options.lateFilesPerDay; i += 1) {
      const hourAt = (position: number): number => hash(options.seed, PURPOSE.lateHour, position) % 24;
      const plays = source.additional(day, options.lateFilePlays, hourAt);
      made.push(make('late', `streams-${date}-late-${i + 1}`, plays, shares[0]));
    }
    const [last, lastFile] = [shares.at(-1), ofDay.at(-1)];
    if (day < options.corrections && last !== undefined && lastFile !== undefined) {
      const plays = corrected(last, (count) => source.additional(day, count, (position) => position % 24));
      const traits = lastFile.traits.filter((trait) => trait !== 'truncated_last_line');
      const correction = make('correction', lastFile.name, plays, shares.at(-2), traits);
      made.push({ ...correction, name: lastFile.name });
    }
  }
  for (const [i, kind] of options.brokenFiles.entries()) {
    const hasRows = kind === 'missing_column' || kind === 'renamed_column';
    const plays = source.additional(0, hasRows ? BROKEN_FILE_PLAYS : 0, (position) => position % 24);
    const name = `streams-broken-${i + 1}-${kind.replaceAll('_', '-')}`;
    made.push({ ...make('broken', name, plays, undefined, []), broken: kind });
  }
  return made.sort((one, other) => KINDS.indexOf(one.kind) - KINDS.indexOf(other.kind));
}

/** From 1, of equal width: files that arrive together are processed in the order of their names. */
function numbered(index: number, count: number): string {
  return `${index + 1}`.padStart(`${count}`.length, '0');
}

/** Enough rows to see that they are counted. */
const BROKEN_FILE_PLAYS = 25;

/** The ordinary plays of a day, split evenly over its files. */
function dayShares({ playsPerDay, filesPerDay }: ParsedOptions): { from: number; to: number }[] {
  const start = (file: number): number => Math.floor((playsPerDay * file) / filesPerDay);
  return Array.from({ length: filesPerDay }, (_, file) => ({ from: start(file), to: start(file + 1) }));
}

/** The ordinary plays of all days, a play of each in turn. */
function allDays({ days, playsPerDay }: ParsedOptions, source: PlaySource): Plays {
  const ofDay = Array.from({ length: days }, (_, day) => source.regular(day, 0, playsPerDay));
  const at = (position: number): Play =>
    (ofDay[position % days] ?? source.regular(0, 0, playsPerDay)).at(Math.floor(position / days));
  return { count: days * playsPerDay, at };
}

/** Of ten plays, a correction withdraws one; it adds one for each twenty that it keeps. */
const KEPT_OF_TEN = 9;
const ADDED_SHARE = 0.05;

function corrected(original: Plays, additional: (count: number) => Plays): Plays {
  const kept = Math.floor((original.count * KEPT_OF_TEN) / 10);
  const added = additional(Math.floor(kept * ADDED_SHARE));
  return {
    count: kept + added.count,
    at: (position) =>
      position < kept
        ? original.at(position + Math.floor(position / KEPT_OF_TEN))
        : added.at(position - kept),
  };
}
