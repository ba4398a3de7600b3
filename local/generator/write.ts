/** Writes pieces of text to a file in bounded memory, and says what came out. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** Pieces are a line or so; written one by one, the calls would cost more than the rows. */
const BLOCK_CHARACTERS = 256 * 1024;

export interface WrittenFile {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256 of the file's bytes, in hex. */
  readonly sha256: string;
}

export async function writeText(
  path: string,
  pieces: Iterable<string>,
  options: { readonly gzip?: boolean } = {},
): Promise<WrittenFile> {
  await mkdir(dirname(path), { recursive: true });
  const digest = createHash('sha256');
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      digest.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const source = Readable.from(blocks(pieces));
  const target = createWriteStream(path);
  const packing = options.gzip === true ? [createGzip()] : [];
  await pipeline([source, ...packing, measure, target]);
  return { path, bytes, sha256: digest.digest('hex') };
}

function* blocks(pieces: Iterable<string>): Generator<Buffer> {
  let block = '';
  for (const piece of pieces) {
    block += piece;
    if (block.length >= BLOCK_CHARACTERS) {
      yield Buffer.from(block, 'utf8');
      block = '';
    }
  }
  if (block !== '') yield Buffer.from(block, 'utf8');
}

/** Lines with the line end that reference files have. */
export function* withLineEnds(lines: Iterable<string>): Generator<string> {
  for (const line of lines) yield `${line}\n`;
}
