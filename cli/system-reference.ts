/**
 * Writes docs/reference.md from the tables that the system itself goes by, so that the page can't say anything else:
 * `node dist/cli/system-reference.js > docs/reference.md`. A test compares the two.
 */
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import {
  ITEM_DAYS,
  LOG_DAYS,
  OBJECT_DAYS,
  OLD_VERSION_DAYS,
  UNFINISHED_UPLOAD_DAYS,
} from '../pipeline/declared/retention.ts';
import { FAILURES, type Handling } from '../pipeline/failures.ts';
import { requestSchema } from '../pipeline/request.ts';
import { describeSettings, jobNameOf, settingSchema, variableOf } from '../pipeline/settings.ts';
import { STAGE_NAMES, STAGES } from '../pipeline/stages.ts';
import { PROCEDURE_STATUSES, RUN_STATUSES } from '../pipeline/statuses.ts';
import { COMMAND_NAMES, COMMANDS } from '../workflows/pipeline/messages.ts';
import { searchAttributes } from '../workflows/shared/search-attributes.ts';
import { guideNames } from './guide-names.ts';

const INTRODUCTION = `# Reference

Settings, the input of a run, its stages, its commands, what can go wrong, how long things are kept, and where the names of the on-call guide are. This page is written by
\`node dist/cli/system-reference.js > docs/reference.md\`.`;

const HANDLING: Readonly<Record<Handling, string>> = {
  retry: 'retried, then parks',
  wait: 'waited out, then parks',
  operator: 'parks at once',
  asker: 'ends what was asked for',
};

/** The page as Markdown. */
export function systemReference(): string {
  return [INTRODUCTION, settings(), input(), stages(), commands(), failures(), search(), retention(), guide()]
    .join('\n\n')
    .concat('\n');
}

function settings(): string {
  const rows = describeSettings({}).map(({ name, variable, value, about }) => [
    code(variable),
    value === undefined ? '' : code(value),
    accepted(jsonSchema(settingSchema(name), 'output')),
    about,
  ]);
  return section(
    'Settings',
    'Environment variables of the worker and of `msp`. A run reads most of them at its start and keeps them, however often it is retried; a run that goes on after it was closed (`msp recover run`) reads them anew. The role of the Glue jobs, their concurrency limit and the expected account are those of the worker each time. An empty variable counts as not set. `msp settings` shows the values in force, where each comes from, and unknown `MSP_…` variables.',
    table(['variable', 'default', 'accepted', 'what it is for'], rows),
  );
}

function input(): string {
  return section(
    'Input of a run',
    'One JSON object; `{}` takes all that has arrived.',
    table(['field', 'accepted'], fieldsOf(requestSchema)),
  );
}

function stages(): string {
  const rows = Object.entries(STAGES).map(([name, { summary, script, skipping }], at) => [
    String(at + 1),
    code(name),
    summary,
    script === undefined ? '' : code(jobNameOf('…', script)),
    skipping ?? '',
  ]);
  return section(
    'Stages',
    'In this order. A stage that can be skipped says what that costs; the others can only be retried, since later ones need their result.',
    table(['', 'stage', 'what it does', 'Glue job', 'skipping it'], rows),
  );
}

function commands(): string {
  const common = new Set(fieldsOf(COMMANDS.abort.args).map(([field]) => field));
  const rows = COMMAND_NAMES.map((name) => [
    code(name),
    COMMANDS[name].description.replace(/: \{.*$/, ''),
    fieldsOf(COMMANDS[name].args)
      .filter(([field]) => !common.has(field))
      .map((field) => field.join(': '))
      .join('<br>'),
  ]);
  return section(
    'Commands',
    'Each is an update, which answers, and a signal of the same name, which does not, with one JSON object. Always in it: `by` and `reason`, who and why. `run`, the Temporal run id that the command is meant for, is needed only once the run has been reset. An update that can not be followed is refused with the reason; a signal that can not be followed, or not even be read, is a line in the timeline and the current details, with who, what and why not; the last ten are kept. A reset copies signals of the former life: those are refused, too. Queries: `status`, `checkpoints`, `timeline`, `progress`.',
    table(['command', 'what it does', 'more fields'], rows),
  );
}

function failures(): string {
  const rows = Object.entries(FAILURES).map(([type, { handling, advice }]) => [
    code(type),
    HANDLING[handling],
    advice,
  ]);
  return section(
    'Failures',
    'The closed list. A run or a procedure that parks shows the type, the message and the advice. While a Glue run is awaited, five failing looks in a row park the stage, however the type is handled elsewhere; what is retried parks after about two minutes, `GlueBusy` after two hours. In an emergency shutdown nothing parks: what fails is named, and tried again with the next look. Besides these: `RequestInvalid` and `ProcedureAtWork` end what was asked for, `ParkExpired` a run or a procedure for which nobody decided in time.',
    table(['type', 'handling', 'advice'], rows),
  );
}

function search(): string {
  const rows = Object.values(searchAttributes).map(({ name, type }) => [
    code(name),
    // As `temporal operator search-attribute create --type` takes it.
    type.toLowerCase().replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase()),
  ]);
  const statuses = RUN_STATUSES.map(code).join(', ');
  const procedureStatuses = PROCEDURE_STATUSES.map(code).join(', ');
  return section(
    'Search attributes',
    `The namespace has to know them. \`PipelineStatus\` of a run is one of ${statuses}; of a procedure, which has its step in \`PipelineStage\` and its name in \`PipelineTrigger\`, one of ${procedureStatuses}.`,
    table(['name', 'type'], rows),
  );
}

function retention(): string {
  const rows: [what: string, days: number][] = [
    ...Object.entries(OBJECT_DAYS).map(([prefix, days]): [string, number] => [code(prefix), days]),
    ['replaced and deleted versions of objects', OLD_VERSION_DAYS],
    ['uploads in parts that were never completed', UNFINISHED_UPLOAD_DAYS],
    [`items of the table, unless ${code(variableOf('retentionDays'))} says otherwise`, ITEM_DAYS],
    ["lines of Glue's log groups", LOG_DAYS],
  ];
  return section(
    'Retention',
    'What is not here stays until somebody removes it.',
    table(
      ['what', 'days'],
      rows.map(([what, days]) => [what, String(days)]),
    ),
  );
}

function guide(): string {
  const rows = guideNames().map(({ name, here, values }) => [
    /^[A-Z/]/.test(name) ? code(name) : name,
    here,
    values.map(code).join(', '),
  ]);
  return section(
    'Names of the guide',
    'Who knows the pipeline from its on-call guide finds here what each name has become, and its value where nothing is set.',
    table(['in the guide', 'here', 'by default'], rows),
  );
}

function section(title: string, ...parts: readonly string[]): string {
  return [`## ${title}`, ...parts].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const code = (text: string): string => `\`${text}\``;

/** The parts of JSON Schema that zod makes of our schemas and that say something to a reader. */
interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  return z.toJSONSchema(schema, { io }) as JsonSchema;
}

function fieldsOf(schema: z.ZodType): string[][] {
  return fields(jsonSchema(schema, 'input'));
}

/** Fields of an object, those of objects within it as `outer.inner`; optional ones with a question mark. */
function fields({ properties = {}, required = [] }: JsonSchema, within = ''): string[][] {
  return Object.entries(properties).flatMap(([name, property]) => {
    const path = `${within}${name}${required.includes(name) ? '' : '?'}`;
    return property.properties === undefined
      ? [[code(path), accepted(property)]]
      : fields(property, `${path}.`);
  });
}

/** What values a schema takes, in a few words. */
function accepted({ type, items, pattern, format, ...schema }: JsonSchema): string {
  if (schema.enum !== undefined) {
    const isStage = schema.enum.length === STAGE_NAMES.length;
    return isStage ? 'a stage' : schema.enum.map((value) => code(String(value))).join(', ');
  }
  if (items !== undefined) return `list of ${accepted(items)}`;
  if (type === 'integer' || type === 'number') return [type, range(type, schema)].join(', ');
  if (format === 'date') return 'date, as in `2024-06-25`';
  return pattern === undefined ? (type ?? 'anything') : code(pattern);
}

function range(type: 'integer' | 'number', { minimum, exclusiveMinimum, maximum }: JsonSchema): string {
  const isBounded = maximum !== undefined && maximum !== Number.MAX_SAFE_INTEGER;
  const most = isBounded ? ` to ${maximum}` : '';
  if (exclusiveMinimum === undefined) return `${minimum ?? 0}${most}`;
  return type === 'integer'
    ? `${exclusiveMinimum + 1}${most || ' or more'}`
    : `above ${exclusiveMinimum}${most}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.stdout.write(systemReference());
