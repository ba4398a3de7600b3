/**
 * A seeded data set on disk: songs, users and stream files, with the truth about each file, for the demo, tests and
 * `msp generate`. Folders are waves of delivery: `streams/` first, then `late/`, then `corrections/`, whose files have
 * the names of those they correct.
 */
import { join } from 'node:path';
import { songLines, userLines } from './catalogue.ts';
import { encodeStream } from './encode.ts';
import { datasetOptionsSchema, type DatasetOptions } from './options.ts';
import { generateStreams, type FileKind } from './stream-files.ts';
import { tallyOf, type FileTruth } from './truth.ts';
import { withLineEnds, writeText, type WrittenFile } from './write.ts';

export interface WrittenStream extends WrittenFile {
  readonly name: string;
  readonly kind: FileKind;
  readonly truth: FileTruth;
}

export interface Dataset {
  readonly songs: WrittenFile;
  readonly users: WrittenFile;
  /** In the order of delivery. */
  readonly streams: readonly WrittenStream[];
}

const FOLDER_OF_KIND: Readonly<Record<FileKind, string>> = {
  regular: 'streams',
  midnight: 'streams',
  broken: 'streams',
  late: 'late',
  correction: 'corrections',
};

/**
 * Writes a data set below `directory`; files that are there are overwritten.
 * @param onFile called after each file, for progress
 * @throws z.ZodError naming each wrong option
 */
export async function writeDataset(
  directory: string,
  given: DatasetOptions,
  onFile: (file: WrittenFile) => void = () => undefined,
): Promise<Dataset> {
  const options = datasetOptionsSchema.parse(given);
  const songs = await writeText(join(directory, 'songs.csv'), withLineEnds(songLines(options)));
  onFile(songs);
  const users = await writeText(join(directory, 'users.csv'), withLineEnds(userLines(options)));
  onFile(users);
  const streams: WrittenStream[] = [];
  for (const file of generateStreams(given)) {
    const { name, kind } = file;
    const tally = tallyOf(file);
    const path = join(directory, FOLDER_OF_KIND[kind], name);
    const gzip = file.traits.includes('gzip');
    const written = await writeText(path, encodeStream(file, tally.add), { gzip });
    streams.push({ ...written, name, kind, truth: tally.result() });
    onFile(written);
  }
  return { songs, users, streams };
}
