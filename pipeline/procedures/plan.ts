/** A procedure's plan in short, as its workflow keeps it and operators see it. The whole plan is a document in S3. */
import { DOLLARS_PER_DPU_HOUR } from '../glue-run.ts';

export interface PlanSummary {
  /** SHA-256 of the whole plan as canonical JSON: what an approval names. */
  readonly digest: string;
  /** Key of the whole plan. */
  readonly key: string;
  /** Nothing would be done. */
  readonly empty: boolean;
  /** Objects that would be written. */
  readonly objects: number;
  readonly bytes: number;
  /** Days that get a new edition. */
  readonly days: number;
  /** Items of those days in the table; a load writes only those that differ. */
  readonly items: number;
  /** Runs of the pipeline that would be started. */
  readonly runs: number;
  readonly minutes: number;
  readonly dollars: number;
  /** What can't be recovered: named in the lines and in the plan. */
  readonly lost: number;
  /** The plan for people, the most important first; cut where it is long. */
  readonly lines: readonly string[];
}

/** Lines kept of a plan: what a person reads before deciding; the plan in S3 has all. */
const LINES = 60;

/** A history's payload should stay small whatever keys are called. */
const LINE_LENGTH = 300;

export function shownLines(lines: readonly string[]): string[] {
  const shown = lines
    .slice(0, LINES)
    .map((line) => (line.length <= LINE_LENGTH ? line : `${line.slice(0, LINE_LENGTH - 1)}…`));
  const more = lines.length - shown.length;
  return more === 0 ? shown : [...shown, `and ${more} more, see the plan`];
}

/** Price of a million write request units on demand in US dollars, as listed for us-east-1. */
const MILLION_WRITES = 0.625;

/** Price of a thousand copies or puts in S3 in US dollars, as listed for us-east-1. */
const THOUSAND_PUTS = 0.005;

/** Minutes of a Glue job over a few days of plays: its start takes one, the work less than that. */
const JOB_MINUTES = 2;

/** Bytes a minute that copying within S3 and reading for digests move together. */
const BYTES_PER_MINUTE = 50 * 1024 ** 2 * 60;

/** A first guess of what a plan takes: meant to tell a minute from an hour and a cent from a hundred dollars. */
export function estimate(work: {
  readonly objects: number;
  readonly bytes: number;
  readonly items: number;
  readonly glueJobs: number;
  /** Glue workers of each job, G.1X. */
  readonly workers: number;
}): { minutes: number; dollars: number } {
  const { objects, bytes, items, glueJobs, workers } = work;
  const minutes = glueJobs * JOB_MINUTES + bytes / BYTES_PER_MINUTE;
  const glue = ((glueJobs * JOB_MINUTES) / 60) * workers * DOLLARS_PER_DPU_HOUR;
  // A changed item costs two units in a transaction, and as much again in each of two indexes.
  const writes = ((items * 6) / 1e6) * MILLION_WRITES;
  const dollars = glue + writes + (objects / 1000) * THOUSAND_PUTS;
  return { minutes: Math.ceil(minutes), dollars: Math.round(dollars * 100) / 100 };
}
