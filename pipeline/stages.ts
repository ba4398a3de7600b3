/**
 * The stages of a run, in order. A stage is the unit that an operator sees, retries or skips; the workflow file says
 * what each does, this table says how it may be treated.
 */

export const STAGE_NAMES = [
  'validate_aws_connection',
  'init_s3_structure',
  'verify_glue_scripts',
  'check_reference_data',
  'check_for_new_streams',
  'prepare_data',
  'validation',
  'quality_gate',
  'publish_plays',
  'kpi_computation',
  'kpi_verification',
  'publish_kpis',
  'dynamodb_load',
  'archive_processed_data',
  'update_processing_state',
] as const;

export type StageName = (typeof STAGE_NAMES)[number];

export interface StageTraits {
  /** What the stage does, in one line for operators. */
  readonly summary: string;
  /** The Glue script that the stage runs, if it runs one. */
  readonly script?: ScriptName;
  /** Set where a run may go on without the stage: what skipping it costs. Stages whose result later ones need have none. */
  readonly skipping?: string;
}

export const SCRIPT_NAMES = ['validate_data', 'compute_kpis', 'load_dynamodb'] as const;
export type ScriptName = (typeof SCRIPT_NAMES)[number];

export const STAGES: Readonly<Record<StageName, StageTraits>> = {
  validate_aws_connection: {
    summary:
      'check that the AWS credentials work, in the expected account and region, and that the table is as it ought to be',
  },
  init_s3_structure: {
    summary: 'check that the bucket is versioned, and create the prefixes that it lacks',
    skipping: 'missing prefixes stay missing; the run itself does not need their markers',
  },
  verify_glue_scripts: {
    summary: 'upload the scripts under their digest and make the Glue jobs point at them',
  },
  check_reference_data: {
    summary: 'check that songs and users are there, and fix their version for the run',
  },
  check_for_new_streams: { summary: 'find the files that have arrived' },
  prepare_data: { summary: 'claim the inputs, fix their digests and stage them' },
  validation: { summary: 'judge every row (Glue)', script: 'validate_data' },
  quality_gate: { summary: 'judge the validation: pass, warn, or hold the run for an operator' },
  publish_plays: { summary: 'publish the accepted plays of each affected day' },
  kpi_computation: { summary: 'compute the KPIs of each affected day (Glue)', script: 'compute_kpis' },
  kpi_verification: {
    summary: 'check the invariants of the computed KPIs',
    skipping: 'KPIs are published without the check of their invariants',
  },
  publish_kpis: { summary: 'publish the KPIs of each affected day' },
  dynamodb_load: {
    summary: 'load the difference into DynamoDB and verify it (Glue)',
    script: 'load_dynamodb',
    skipping: 'the table keeps the previous edition of these days until they are loaded again',
  },
  archive_processed_data: {
    summary: 'archive the inputs, verify the copies, delete the originals',
    skipping: 'the inputs stay under streams/; a later run recognises and archives them',
  },
  update_processing_state: { summary: 'write the record of the run and clean up its scratch' },
};

/** The stage that runs a script; each script has one. */
export function stageOfScript(script: ScriptName): StageName {
  const stage = STAGE_NAMES.find((name) => STAGES[name].script === script);
  if (stage === undefined) throw new Error(`no stage runs the script ${script}`);
  return stage;
}
