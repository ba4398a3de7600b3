/**
 * A stamp says for which inputs an output was made. It lies within the output where that is a folder, so removing the
 * output removes the stamp, and it is written last, so an interrupted step has none and is done again.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { unless } from './errors.mjs';
import { CHECKOUT } from './folders.mjs';

/** Folders below sources that are made by tools, not written by people. */
const MADE_BY_TOOLS = new Set(['__pycache__', 'node_modules', 'dist']);

/**
 * Digest of texts, and of the names and contents of files of the checkout: the same in every checkout that shares a set-up.
 * @param {{ texts?: string[], files?: string[] }} inputs
 */
export function digestOf({ texts = [], files = [] }) {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`text ${text}\0`);
  for (const file of files)
    hash
      .update(`file ${relative(CHECKOUT, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  return hash.digest('hex');
}

/** All files below a folder whose names end so, sorted; none where there is no folder. */
export function filesBelow(folder, ending) {
  const found = [];
  const entries = unless(['ENOENT'], () => readdirSync(folder, { withFileTypes: true })) ?? [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !MADE_BY_TOOLS.has(entry.name)) found.push(...filesBelow(path, ending));
    if (entry.isFile() && entry.name.endsWith(ending)) found.push(path);
  }
  return found.sort();
}

export function isStamped(file, digest) {
  return unless(['ENOENT'], () => readFileSync(file, 'utf8')) === digest;
}

export function stamp(file, digest) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, digest);
}
