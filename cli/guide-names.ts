/** Where each name of the on-call guide lives here, with the value that it has when nothing is set. */
import { LOG_GROUPS } from '../pipeline/declared/logs.ts';
import { PREFIXES } from '../pipeline/layout.ts';
import { describeSettings, jobNameOf, parseSettings, variableOf } from '../pipeline/settings.ts';
import type { SettingName } from '../pipeline/settings.ts';
import { STAGE_NAMES } from '../pipeline/stages.ts';
import type { ScriptName } from '../pipeline/stages.ts';

export interface GuideName {
  /** As the guide has it. */
  readonly name: string;
  /** What it is here: a setting, a prefix, a command. */
  readonly here: string;
  readonly values: readonly string[];
}

export function guideNames(): GuideName[] {
  return [
    {
      name: 'the tasks of the DAG',
      here: 'the stages of a run, under the same names: `msp status RUN`',
      values: STAGE_NAMES,
    },
    {
      name: 'REQUIRED_S3_DIRS',
      here: 'the prefixes whose markers `init_s3_structure` creates',
      values: Object.values(PREFIXES),
    },
    prefix('S3_RAW_PREFIX', 'streams', 'what `msp ingest` delivers to'),
    prefix('S3_SCRIPTS_PREFIX', 'scripts', 'a script lies in it under its name and its digest'),
    prefix('S3_ARCHIVED_PREFIX', 'archived', 'an input lies in it under the day and the run'),
    job('GLUE_JOB_VALIDATION', 'validate_data'),
    job('GLUE_JOB_KPI', 'compute_kpis'),
    job('GLUE_JOB_DYNAMODB', 'load_dynamodb'),
    setting('GLUE_WORKER_TYPE', 'workerType', 'of one run: `overrides.workerType`'),
    setting('GLUE_NUM_WORKERS', 'numberOfWorkers', 'of one run: `overrides.numberOfWorkers`'),
    setting('GLUE_TIMEOUT', 'jobTimeoutMinutes', 'in minutes; of one run: `overrides.timeoutMinutes`'),
    {
      name: '/aws-glue/jobs',
      here: 'two log groups, in each a stream by the id of the Glue run: `msp logs RUN`',
      values: Object.values(LOG_GROUPS),
    },
  ];
}

function prefix(name: string, of: keyof typeof PREFIXES, what: string): GuideName {
  return { name, here: `a fixed prefix of the bucket; ${what}`, values: [PREFIXES[of]] };
}

function job(name: string, script: ScriptName): GuideName {
  const { pipeline } = parseSettings({});
  return {
    name,
    here: `\`${variableOf('pipeline')}\`, \`_\` and the stage: \`msp glue runs\``,
    values: [jobNameOf(pipeline, script)],
  };
}

function setting(name: string, of: SettingName, what: string): GuideName {
  const value = describeSettings({}).find((each) => each.name === of)?.value;
  return { name, here: `\`${variableOf(of)}\`; ${what}`, values: value === undefined ? [] : [value] };
}
