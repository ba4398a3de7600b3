/**
 * The rows of one stream file with the verdict each must get. The truth is written down where a row is made, so a test
 * can hold a validation against it without judging rows by rules of its own.
 */
import type { Reason } from '../../pipeline/reports.ts';
import { isDue, type TrackId } from './catalogue.ts';
import { BAD_ROWS, type BadRow, type ParsedOptions } from './options.ts';
import type { Play, Plays } from './plays.ts';
import { hash, pick, PURPOSE } from './random.ts';

export type Verdict = 'valid' | 'duplicate' | 'rejected' | 'underReview';

export interface Row {
  readonly userId: string;
  readonly trackId: string;
  /** `YYYY-MM-DD HH:MM:SS`, unless the row is wrong in it. */
  readonly listenTime: string;
  readonly verdict: Verdict;
  /** All reasons of a rejected row or one under review, in the order of the rule table. */
  readonly reasons: readonly Reason[];
  /** The day that an accepted row counts for. */
  readonly day?: string;
}

export interface RowOptions extends ParsedOptions {
  readonly trackId: TrackId;
}

export interface FileContent {
  /** Distinguishes the choices of this file from those of the others. */
  readonly file: number;
  readonly plays: Plays;
  /** Plays of another file, delivered before, that this one may repeat. */
  readonly earlier?: Plays | undefined;
  /** Whether the file's last line is cut off within its time. */
  readonly truncated: boolean;
}

export function* fileRows(options: RowOptions, content: FileContent): Generator<Row> {
  const { seed, duplicatesWithinFiles, duplicatesBetweenFiles } = options;
  const { file, plays, earlier } = content;
  const badRows = BAD_ROWS.flatMap((kind) => {
    const share = options.badRows[kind] ?? 0;
    return share > 0 ? [{ kind, share }] : [];
  });
  const choose = (purpose: number, position: number, from: number): number =>
    hash(seed, purpose, file * 0x1_0000_0000 + position) % from;

  for (let n = 0; n < plays.count; n += 1) {
    yield acceptedRow(plays.at(n), 'valid');
    if (isDue(n, duplicatesWithinFiles)) {
      yield acceptedRow(plays.at(choose(PURPOSE.duplicate, 2 * n, n + 1)), 'duplicate');
    }
    if (earlier !== undefined && earlier.count > 0 && isDue(n, duplicatesBetweenFiles)) {
      yield acceptedRow(earlier.at(choose(PURPOSE.duplicate, 2 * n + 1, earlier.count)), 'duplicate');
    }
    for (const { kind, share } of badRows) {
      if (isDue(n, share)) yield badRow(kind, plays.at(n), choose(PURPOSE.badRow, n, 1 << 30), options);
    }
  }
  if (content.truncated && plays.count > 0) {
    const { userId, trackId, listenTime } = acceptedRow(plays.at(0), 'valid');
    // Cut after the month: what is left is no time in any notation.
    const cut = listenTime.slice(0, 'YYYY-MM-'.length);
    yield { userId, trackId, listenTime: cut, verdict: 'rejected', reasons: ['bad_listen_time'] };
  }
}

function acceptedRow(play: Play, verdict: 'valid' | 'duplicate'): Row {
  return {
    userId: `${play.user}`,
    trackId: play.trackId,
    listenTime: `${play.day} ${play.time}`,
    verdict,
    reasons: [],
    day: play.day,
  };
}

const BAD_TIMES = ['yesterday', '2024-13-45 10:00:00', '25/06/2024 10:00', '2024-06-25 26:61:00'] as const;
const BAD_USERS = ['0', '-5', 'abc', '12.5', '1e3'] as const;
const BAD_TRACKS = [
  'short',
  '0123456789abcdefghijklm',
  '!!!!!!!!!!!!!!!!!!!!!!',
  '0000000000-00000000000',
] as const;

type Fields = Pick<Row, 'userId' | 'trackId' | 'listenTime'>;

/** How a play is spoilt, by kind. */
const SPOILT: Readonly<
  Record<BadRow, (number: number, good: Fields, options: RowOptions) => Partial<Fields>>
> = {
  missing_user_id: () => ({ userId: '' }),
  missing_track_id: () => ({ trackId: '' }),
  missing_listen_time: () => ({ listenTime: '' }),
  bad_listen_time: (number) => ({ listenTime: pick(BAD_TIMES, number) }),
  bad_user_id: (number) => ({ userId: pick(BAD_USERS, number) }),
  bad_track_id: (number) => ({ trackId: pick(BAD_TRACKS, number) }),
  // Seventy-five years on: in the future whenever this is run.
  future_listen_time: (number, good) => ({ listenTime: `20${99 - (number % 5)}${good.listenTime.slice(4)}` }),
  // Well-formed, but of no song or user: numbers from the catalogue's end on.
  unknown_track: (number, _, { songs, trackId }) => ({ trackId: trackId(songs + (number % 1000)) }),
  unknown_user: (number, _, { users }) => ({ userId: `${users + 1 + (number % 1000)}` }),
  combined: (number) => ({
    userId: '',
    trackId: pick(BAD_TRACKS, number),
    listenTime: pick(BAD_TIMES, number),
  }),
};

function badRow(kind: BadRow, play: Play, number: number, options: RowOptions): Row {
  const { userId, trackId, listenTime } = acceptedRow(play, 'valid');
  const good = { userId, trackId, listenTime };
  return {
    ...good,
    ...SPOILT[kind](number, good, options),
    verdict: kind === 'unknown_track' || kind === 'unknown_user' ? 'underReview' : 'rejected',
    reasons: kind === 'combined' ? ['missing_user_id', 'bad_listen_time', 'bad_track_id'] : [kind],
  };
}
