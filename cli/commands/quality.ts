/** `msp quality`, `rejected`, `review`: what validation found in a run's inputs. */
import type { Command } from 'commander';
import { z } from 'zod';
import {
  judgedRowSchema,
  qualityRecordSchema,
  type JudgedRow,
  type QualityRecord,
  type RowKind,
} from '../../client/quality.ts';
import type { PipelineClient } from '../../client/pipeline-client.ts';
import { firstFew } from '../../pipeline/first-few.ts';
import type { FileReport, ValidationReport } from '../../pipeline/reports.ts';
import { addClientCommand } from '../command.ts';
import type { CliContext } from '../context.ts';
import { count, cut, share } from '../../pipeline/format.ts';
import { latestRunArgument, limitIfGiven, OUTPUT, ROWS_OUTPUT } from '../options.ts';
import type { Column } from '../output.ts';

export function addQualityCommands(program: Command, context: CliContext): void {
  const declared = {
    summary: 'quality report of a run',
    description:
      'What the gate and validation found: plays that stop counting, rows by verdict, reason and file, reference data, dataset rules, missing hours.',
    argument: latestRunArgument,
    options: { output: OUTPUT },
    examples: ['msp quality', 'msp quality music_streaming-20240625T030000Z-3f2a -o json'],
  };
  addClientCommand(program, context, 'quality', declared, async (client, { output }, run) => {
    const record = await client.quality.record(await client.runInBucket(run));
    if (output === 'json') context.out.json(qualityRecordSchema, record);
    else show(context, record);
  });
  addRows(program, context, 'rejected', 'errors', 'rows that were rejected');
  addRows(program, context, 'review', 'review', 'rows that wait for reference data (unknown track or user)');
}

function show({ out }: CliContext, { run, gate, losses, report }: QualityRecord): void {
  out.fields([
    ['run', run],
    ['gate', out.status(gate.verdict)],
  ]);
  for (const reason of gate.reasons) out.line(`- ${reason}`);
  if (losses.length > 0) {
    out.heading('Plays that stop counting');
    out.table(losses.slice(0, DAYS_SHOWN), [
      { title: 'day', value: ({ day }) => day },
      { title: 'now', value: ({ now }) => count(now), right: true },
      { title: 'stop', value: ({ stopping }) => count(stopping), right: true },
      { title: 'instead', value: ({ instead }) => count(instead), right: true },
      { title: 'then', value: ({ then }) => count(then), right: true },
      { title: 'by what came as', value: ({ files, fileCount }) => firstFew(files, fileCount) },
    ]);
    if (losses.length > DAYS_SHOWN)
      out.line(`and ${count(losses.length - DAYS_SHOWN)} days more; -o json has all`);
  }
  if (report !== undefined) showReport(out, report);
}

function showReport(out: CliContext['out'], report: ValidationReport): void {
  const { rows } = report;
  out.heading('Rows');
  out.fields([
    ['rows delivered', count(rows.delivered)],
    ['valid', `${count(rows.valid)}  ${share(rows.valid, rows.delivered)}`],
    ['duplicate', `${count(rows.duplicate)}  ${share(rows.duplicate, rows.delivered)}`],
    ['rejected', `${count(rows.rejected)}  ${share(rows.rejected, rows.delivered)}`],
    ['under review', `${count(rows.underReview)}  ${share(rows.underReview, rows.delivered)}`],
    ['rules', `version ${report.ruleVersion}, score ${report.ruleset.score.toFixed(4)}`],
    ['reference', report.referenceVersion],
  ]);
  const reasons = Object.entries(report.firstReasons).filter(([, n]) => n > 0);
  if (reasons.length > 0) {
    out.heading('Reasons (rows by their first reason; rows that have it at all)');
    out.table(reasons, [
      { title: 'reason', value: ([reason]) => reason },
      { title: 'first', value: ([, n]) => count(n), right: true },
      { title: 'all', value: ([reason]) => count(reasonHits(report.reasonHits, reason)), right: true },
    ]);
  }
  out.heading('Files');
  out.table(report.files, [
    { title: 'file', value: ({ key }) => key },
    {
      title: 'status',
      value: ({ status, problem }) => (problem === null ? status : `${status}: ${problem.message}`),
    },
    { title: 'rows', value: (file) => count(file.rows.delivered), right: true },
    { title: 'valid', value: (file) => count(file.rows.valid), right: true },
    { title: 'duplicate', value: (file) => count(file.rows.duplicate), right: true },
    { title: 'rejected', value: (file) => count(file.rows.rejected), right: true },
    { title: 'review', value: (file) => count(file.rows.underReview), right: true },
    { title: 'remarks', value: remarks },
  ]);
  showReference(out, report);
  const failed = report.ruleset.results.filter(({ result }) => result !== 'PASS');
  if (failed.length > 0) {
    out.heading('Dataset rules not met');
    out.table(failed, [
      { title: 'rule', value: ({ name }) => name },
      { title: 'result', value: ({ result }) => out.status(result) },
      { title: 'what', value: ({ evaluationMessage }) => evaluationMessage },
    ]);
  }
  for (const { day, hours } of report.completeness.missingHours) {
    if (hours.length > 0) out.line(`${day}: no plays in the hours ${hours.join(', ')}`);
  }
}

/** Files of songs and users, what of them is not used, and why. */
function showReference(out: CliContext['out'], { reference: { songs, users } }: ValidationReport): void {
  const files = [...songs.files, ...users.files];
  if (files.length === 0) return;
  out.heading('Reference data');
  out.table(files, [
    { title: 'file', value: ({ key }) => key },
    { title: 'rows', value: (file) => count(file.rows), right: true },
    { title: 'unusable', value: ({ unusable }) => count(unusable), right: true },
    {
      title: 'reasons',
      value: ({ reasons }) =>
        Object.entries(reasons)
          .filter(([, n]) => n > 0)
          .map(([reason, n]) => `${reason} ${count(n)}`)
          .join(', '),
    },
    {
      title: 'first bad lines',
      value: ({ firstBad }) => firstBad.map(({ line, reason }) => `${count(line)} ${reason}`).join(', '),
    },
  ]);
  for (const [kind, { conflicts, firstConflicts }] of Object.entries({ songs, users })) {
    if (conflicts === 0) continue;
    out.heading(`Keys of ${kind} with different values: ${count(conflicts)}`);
    out.table(firstConflicts, [
      { title: 'key', value: ({ key }) => key },
      { title: 'kept', value: ({ kept }) => kept },
      { title: 'dropped', value: ({ dropped }) => dropped },
    ]);
  }
}

function reasonHits(hits: Readonly<Record<string, number>>, reason: string): number {
  return hits[reason] ?? 0;
}

function remarks({ drift, truncatedLastLine, firstBadLine, warnings }: FileReport): string {
  return [
    ...(drift === null || drift.extraColumnCount === 0
      ? []
      : [`extra columns ${firstFew(drift.extraColumns, drift.extraColumnCount)}`]),
    ...(drift?.reordered === true ? ['columns reordered'] : []),
    ...(truncatedLastLine ? ['last line truncated'] : []),
    ...(firstBadLine === null ? [] : [`first bad line ${firstBadLine}`]),
    ...warnings,
  ].join('; ');
}

/** Days in a table that people read. */
const DAYS_SHOWN = 20;

/** Enough to see what is wrong; a file of millions of rows is for -o csv. */
const ROWS_SHOWN = 50;

function addRows(program: Command, context: CliContext, name: string, kind: RowKind, what: string): void {
  const declared = {
    summary: what,
    description: `Shows ${what}: file, line, reasons and the fields as they were read.`,
    argument: latestRunArgument,
    options: {
      limit: limitIfGiven(`rows shown; all with csv or json, ${ROWS_SHOWN} in a table`),
      output: ROWS_OUTPUT,
    },
    examples: [`msp ${name}`, `msp ${name} latest -o csv > ${name}.csv`],
  };
  addClientCommand(program, context, name, declared, async (client, { output, limit: given }, run) => {
    const limit = given ?? (output === 'table' ? ROWS_SHOWN : Infinity);
    const rows = await take(context, client, { run, kind, limit });
    context.out.rows(output, z.array(judgedRowSchema), rows, columns(output === 'table'), 'there are none');
  });
}

async function take(
  context: CliContext,
  client: PipelineClient,
  { run, kind, limit }: { run: string; kind: RowKind; limit: number },
): Promise<JudgedRow[]> {
  const taken: JudgedRow[] = [];
  for await (const row of client.quality.rows(await client.runInBucket(run), kind)) {
    if (taken.length >= limit) {
      context.out.note(`only the first ${count(limit)} rows; --limit shows more, -o csv all`);
      break;
    }
    taken.push(row);
  }
  return taken;
}

function columns(short: boolean): Column<JudgedRow>[] {
  const field = (value: string | null): string => (short ? cut(value ?? '', 40) : (value ?? ''));
  return [
    { title: 'key', value: ({ key }) => key },
    { title: 'line', value: ({ line }) => line, right: true },
    { title: 'reasons', value: ({ reasons }) => reasons.join(short ? ', ' : ';') },
    { title: 'user_id', value: (row) => field(row.user_id) },
    { title: 'track_id', value: (row) => field(row.track_id) },
    { title: 'listen_time', value: (row) => field(row.listen_time) },
    ...(short ? [] : [{ title: 'raw', value: (row: JudgedRow) => row.raw ?? '' }]),
  ];
}
