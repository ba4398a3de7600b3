/**
 * The scripts against DuckDB: validation and KPIs of plays of seven days in one CSV, as whole processes with their
 * start-up, on two cores each. Their results are compared too: a fast wrong answer is no figure. Then a late file of one
 * day is brought into the largest of the histories, which must cost what its day costs.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { everyBadRow } from '../local/generator/options.ts';
import { writeDataset } from '../local/generator/dataset.ts';
import { kpiReportSchema, validationReportSchema } from '../pipeline/reports.ts';
import type { ValidationReport } from '../pipeline/reports.ts';
import type { Measured } from './measure.ts';
import { kpiPlan, publish, validationPlan, type ReferenceFiles } from './plans.ts';
import { megabytes, median, seconds, type Part, type Target } from './report.ts';
import { runPython, runScript, type ScriptResult } from './spark.ts';

interface Options {
  readonly plays: readonly number[];
  readonly repeat: number;
  readonly lateFile: boolean;
}

interface SizeFigures {
  readonly plays: number;
  readonly inputBytes: number;
  readonly duckdb: readonly Measured[];
  readonly validation: readonly Measured[];
  readonly kpis: readonly Measured[];
  readonly comparison: string;
}

interface History {
  readonly base: string;
  readonly data: ReferenceFiles;
  readonly file: string;
  readonly lateFile: string;
  readonly report: ValidationReport;
}

/** The shape of the real reference data. */
const SONGS = 89_741;
const USERS = 50_000;

const DAYS = 7;
const LATE_PLAYS = 10_000;

/** Of each kind; with ten kinds, one row in a hundred is not accepted. */
const BAD_ROW_SHARE = 0.001;

/** Rows that repeat another of the file; without any, neither side would have to find them. */
const DUPLICATE_SHARE = 0.005;

/** From here on the time of the optimising compiler is won back. */
const LONG_RUN_PLAYS = 5_000_000;

const RATIO_LIMIT = 9;
const RATIO_AIM = 6;
const MEMORY_LIMIT_BYTES = 4 * 2 ** 30;

export async function benchScripts(folder: string, options: Options): Promise<Part> {
  const figures: SizeFigures[] = [];
  let history: History | undefined;
  for (const plays of [...options.plays].sort((a, b) => a - b)) {
    const size = await benchSize(join(folder, String(plays)), plays, options.repeat);
    figures.push(size.figures);
    history = size.history;
  }
  const late = history !== undefined && options.lateFile ? await benchLateFile(folder, history) : undefined;
  const rows = figures.map((size) => [
    size.plays.toLocaleString('en'),
    seconds(wall(size.duckdb)),
    seconds(wall(size.validation)),
    seconds(wall(size.kpis)),
    `${ratioOf(size, wall).toFixed(1)} (CPU ${ratioOf(size, cpu).toFixed(1)})`,
    megabytes(peakOf(size)),
    size.comparison,
  ]);
  if (late !== undefined) {
    const { validation, kpis, comparison } = late;
    const peak = Math.max(validation.peakBytes, kpis.peakBytes);
    rows.push([
      `late file, ${LATE_PLAYS.toLocaleString('en')}`,
      '',
      seconds(validation.seconds),
      seconds(kpis.seconds),
      '',
      megabytes(peak),
      comparison,
    ]);
  }
  return {
    name: 'scripts: validation and KPIs against DuckDB',
    columns: ['plays', 'DuckDB', 'validation', 'KPIs', 'ratio', 'peak memory', 'results'],
    rows,
    targets: targetsOf(figures),
    figures: { sizes: figures, late },
  };
}

async function benchSize(
  folder: string,
  plays: number,
  repeat: number,
): Promise<{ figures: SizeFigures; history: History }> {
  console.log(`Generating ${plays.toLocaleString('en')} plays…`);
  const dataset = await writeDataset(join(folder, 'data'), {
    seed: 7,
    songs: SONGS,
    users: USERS,
    days: DAYS,
    playsPerDay: Math.floor(plays / DAYS),
    singleFile: true,
    badRows: everyBadRow(BAD_ROW_SHARE),
    duplicatesWithinFiles: DUPLICATE_SHARE,
    lateFilesPerDay: 1,
    lateFilePlays: LATE_PLAYS,
  });
  const [file, ...others] = dataset.streams;
  // A day from the middle of the week.
  const lateFile = others[Math.floor(DAYS / 2)];
  if (file === undefined || lateFile === undefined) throw new Error('The generator made no stream files');
  const data = { songs: dataset.songs.path, users: dataset.users.path };
  const base = join(folder, 'bucket');
  const plan = await validationPlan(base, 'history', [file.path], data);

  const long = plays >= LONG_RUN_PLAYS;
  const duckdb: Measured[] = [];
  const validation: Measured[] = [];
  const kpis: Measured[] = [];
  let report: ValidationReport | undefined;
  let comparison = '';
  for (let round = 0; round < repeat; round += 1) {
    const work = join(folder, `round-${round}`);
    const duck = await duckdbOver(work, plan);
    duckdb.push(duck.measured);
    const validated = await runScript({ script: 'validate_data', plan, folder: work, long });
    validation.push(validated.measured);
    report = validationReportSchema.parse(validated.report);
    const computed = await runScript({
      script: 'compute_kpis',
      plan: await kpiPlan(base, [report], data),
      folder: work,
      long,
    });
    kpis.push(computed.measured);
    kpiReportSchema.parse(computed.report);
    comparison = await compare(work, duck.result, validated, computed);
  }
  if (report === undefined) throw new Error('Nothing was run');
  return {
    figures: { plays, inputBytes: file.bytes, duckdb, validation, kpis, comparison },
    history: { base, data, file: file.path, lateFile: lateFile.path, report },
  };
}

async function benchLateFile(
  folder: string,
  { base, data, file, lateFile, report }: History,
): Promise<{ validation: Measured; kpis: Measured; comparison: string }> {
  const work = join(folder, 'late');
  await publish(base, report);
  const plan = await validationPlan(base, 'late', [lateFile], data);
  const validated = await runScript({ script: 'validate_data', plan, folder: work });
  const late = validationReportSchema.parse(validated.report);
  const computed = await runScript({
    script: 'compute_kpis',
    plan: await kpiPlan(base, [report, late], data),
    folder: work,
  });
  // DuckDB has no editions: it computes the whole history, of which the day is compared.
  const whole = await duckdbOver(work, await validationPlan(base, 'late', [file, lateFile], data));
  return {
    validation: validated.measured,
    kpis: computed.measured,
    comparison: await compare(work, whole.result, validated, computed, '--days-of-kpis-only'),
  };
}

async function duckdbOver(folder: string, plan: unknown): Promise<{ result: string; measured: Measured }> {
  await mkdir(folder, { recursive: true });
  const [planFile, result] = [join(folder, 'duckdb.plan.json'), join(folder, 'duckdb.json')];
  await writeFile(planFile, JSON.stringify(plan));
  const words = [planFile, result, '--threads', '2'];
  const run = await runPython(folder, 'duckdb_reference.py', words);
  return { result, measured: run.measured };
}

/** @throws Error naming the first differences */
async function compare(
  folder: string,
  duckdb: string,
  validated: ScriptResult,
  computed: ScriptResult,
  ...switches: string[]
): Promise<string> {
  const words = [duckdb, validated.reportFile, computed.reportFile, ...switches];
  const { printed } = await runPython(folder, 'compare.py', words);
  return printed.split('\n').at(-1) ?? '';
}

type Figure = (runs: readonly Measured[]) => number;
const wall: Figure = (runs) => median(runs.map((run) => run.seconds));
const cpu: Figure = (runs) => median(runs.map((run) => run.cpuSeconds));

function ratioOf({ duckdb, validation, kpis }: SizeFigures, figure: Figure): number {
  return (figure(validation) + figure(kpis)) / figure(duckdb);
}

function peakOf({ validation, kpis }: SizeFigures): number {
  return Math.max(...[...validation, ...kpis].map((run) => run.peakBytes));
}

function targetsOf(figures: readonly SizeFigures[]): Target[] {
  const smallest = figures[0];
  const largest = figures.at(-1);
  if (smallest === undefined || largest === undefined) return [];
  const ratio = ratioOf(largest, wall);
  const targets = [
    {
      what: `validation and KPIs of ${largest.plays.toLocaleString('en')} plays, times DuckDB`,
      limit: `${RATIO_LIMIT}, aiming for ${RATIO_AIM}`,
      measured: ratio.toFixed(1),
      met: ratio <= RATIO_LIMIT,
    },
    {
      what: 'peak memory of a script with all its processes',
      limit: megabytes(MEMORY_LIMIT_BYTES),
      measured: megabytes(Math.max(...figures.map(peakOf))),
      met: figures.every((size) => peakOf(size) < MEMORY_LIMIT_BYTES),
    },
  ];
  if (smallest === largest) return targets;
  const growth =
    (wall(largest.validation) + wall(largest.kpis)) / (wall(smallest.validation) + wall(smallest.kpis));
  const input = largest.plays / smallest.plays;
  return [
    ...targets,
    {
      what: `growth of time while plays grow ${input} times`,
      limit: `${input}`,
      measured: growth.toFixed(1),
      met: growth <= input,
    },
  ];
}
