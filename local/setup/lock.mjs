/**
 * One set-up at a time: a second one waits for the first, and then finds its work done. The owner touches its lock
 * while it works; a lock of a process that is gone, or that nobody has touched for a while, is taken over.
 */
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { unless } from './errors.mjs';
import { SETUP } from './folders.mjs';
import { say } from './progress.mjs';

const LOCK = join(SETUP, 'lock');

const TOUCH_MILLISECONDS = 5_000;

/** A dozen touches missed: the owner hangs, or its process id belongs to another process by now. */
const ABANDONED_MILLISECONDS = 60_000;

/** How soon a waiting set-up notices that it may go on. */
const LOOK_MILLISECONDS = 300;

/** @param {() => Promise<void>} work */
export async function withLock(work) {
  await acquire();
  const touching = setInterval(touch, TOUCH_MILLISECONDS);
  const release = () => rmSync(LOCK, { force: true });
  const interrupted = (signal) => process.exit(signal === 'SIGINT' ? 130 : 143);
  process.once('exit', release).once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    await work();
  } finally {
    clearInterval(touching);
    process.off('exit', release).off('SIGINT', interrupted).off('SIGTERM', interrupted);
    release();
  }
}

function touch() {
  // Where somebody has removed it by hand, there is nothing left to keep.
  unless(['ENOENT'], () => utimesSync(LOCK, new Date(), new Date()));
}

async function acquire() {
  mkdirSync(dirname(LOCK), { recursive: true });
  let told = false;
  while (!tryCreate()) {
    const owner = unless(['ENOENT'], () => readFileSync(LOCK, 'utf8'));
    if (owner === undefined) continue;
    if (isAbandoned(owner)) {
      takeAway(owner);
      continue;
    }
    if (!told) say(`  Waiting for the set-up of process ${owner} (${LOCK})`);
    told = true;
    await sleep(LOOK_MILLISECONDS);
  }
}

function tryCreate() {
  return unless(['EEXIST'], () => {
    writeFileSync(LOCK, `${process.pid}`, { flag: 'wx' });
    return true;
  });
}

function isAbandoned(owner) {
  const touched = statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  if (Date.now() - touched > ABANDONED_MILLISECONDS) return true;
  // Between the creation of the file and its content there is a moment without an owner.
  if (owner === '') return false;
  try {
    process.kill(Number(owner), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** Moves the abandoned lock away; one that a quicker set-up has made meanwhile is put back. */
function takeAway(owner) {
  const aside = `${LOCK}.${process.pid}`;
  unless(['ENOENT', 'EEXIST'], () => {
    renameSync(LOCK, aside);
    if (readFileSync(aside, 'utf8') !== owner) linkSync(aside, LOCK);
  });
  rmSync(aside, { force: true });
}
