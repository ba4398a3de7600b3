/**
 * Scripts in S3 and the jobs that run them. A script is uploaded under its digest and never overwritten, so a run's
 * scripts never change under it: it names them at each start (`starting.ts`). Jobs are created when absent; of an
 * existing one only the two fields that name the script are ours, everything else is written back as it was read.
 */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { CreateJobCommand, GetJobCommand, UpdateJobCommand } from '@aws-sdk/client-glue';
import type { CreateJobCommandInput, GlueClient, Job, JobUpdate } from '@aws-sdk/client-glue';
import type { PipelineActivities, ScriptFiles } from '../../pipeline/activity-types.ts';
import { layout, s3Uri } from '../../pipeline/layout.ts';
import { jobNameOf } from '../../pipeline/settings.ts';
import type { Settings } from '../../pipeline/settings.ts';
import type { ScriptName } from '../../pipeline/stages.ts';
import { call, failure, isConditionLost, traitsOf } from '../call.ts';
import { Bucket } from '../../systems/s3/bucket.ts';
import { readBuild } from './build.ts';
import type { Built } from './build.ts';

/** Glue 5.1 is Spark 3.5.6 on Python 3.11 and Java 17, which the scripts are written for. */
const GLUE_VERSION = '5.1';

export function createScriptActivities(
  { s3, glue }: { readonly s3: S3Client; readonly glue: GlueClient },
  settings: Settings,
  directory: string,
): Pick<PipelineActivities, 'verifyGlueScripts'> {
  return {
    async verifyGlueScripts({ settings: { bucket: bucketName, pipeline } }) {
      const bucket = new Bucket(s3, bucketName);
      const { scripts, library } = await readBuild(directory);
      const uploads = await Promise.all([...scripts.values(), library].map((built) => upload(bucket, built)));
      const changed = await Promise.all(
        [...scripts].map(async ([name, built]) => {
          const ours = {
            script: s3Uri(bucketName, keyOf(built)),
            library: s3Uri(bucketName, keyOf(library)),
          };
          return (await ensureJob(glue, jobNameOf(pipeline, name), ours, settings))
            ? [jobNameOf(pipeline, name)]
            : [];
        }),
      );
      const digests = Object.fromEntries([...scripts].map(([name, { digest }]) => [name, digest]));
      const files = Object.fromEntries(
        [...scripts].map(([name, built]) => [name, { script: keyOf(built), library: keyOf(library) }]),
      );
      return {
        digests: digests as Record<ScriptName, string>,
        files: files as Record<ScriptName, ScriptFiles>,
        uploaded: uploads.filter(Boolean).length,
        changedJobs: changed.flat(),
      };
    },
  };
}

function keyOf({ name, digest, file }: Built): string {
  return layout.script(name, digest, file);
}

/**
 * @returns whether it had to be uploaded
 * @throws `ScriptsInvalid` when other bytes stand under its digest
 */
async function upload(bucket: Bucket, built: Built): Promise<boolean> {
  const key = keyOf(built);
  const there = await bucket.sha256(key);
  if (there === undefined && (await put(bucket, key, built))) return true;
  // Where another run was uploading at the same moment, it is there by now.
  if ((there ?? (await bucket.sha256(key))) === built.sha256) return false;
  throw failure(
    'ScriptsInvalid',
    `s3://${bucket.name}/${key} is not what was uploaded under this digest; restore its first version`,
  );
}

/** @returns `false` when somebody else has written it meanwhile */
async function put(bucket: Bucket, key: string, { body, sha256 }: Built): Promise<boolean> {
  return await call(`PutObject ${key}`, async (options) => {
    try {
      const ChecksumSHA256 = Buffer.from(sha256, 'hex').toString('base64');
      const object = { Bucket: bucket.name, Key: key, Body: body, IfNoneMatch: '*', ChecksumSHA256 };
      await bucket.s3.send(new PutObjectCommand(object), options);
      return true;
    } catch (error) {
      if (isConditionLost(error)) return false;
      throw error;
    }
  });
}

interface Ours {
  readonly script: string;
  readonly library: string;
}

/** @returns whether the job was created or changed */
async function ensureJob(glue: GlueClient, name: string, ours: Ours, settings: Settings): Promise<boolean> {
  const job = await call(`GetJob ${name}`, async (options) => {
    try {
      return (await glue.send(new GetJobCommand({ JobName: name }), options)).Job;
    } catch (error) {
      if (traitsOf(error).name === 'EntityNotFoundException') return undefined;
      throw error;
    }
  });
  if (job === undefined) {
    const create = new CreateJobCommand({ Name: name, ...definition(ours, settings) });
    return await call(`CreateJob ${name}`, async (options) => {
      try {
        await glue.send(create, options);
        return true;
      } catch (error) {
        // Another run created it at the same moment, from the same build or one that its own start corrects.
        if (
          ['AlreadyExistsException', 'IdempotentParameterMismatchException'].includes(
            traitsOf(error).name ?? '',
          )
        )
          return false;
        throw error;
      }
    });
  }
  if (
    job.Command?.ScriptLocation === ours.script &&
    job.DefaultArguments?.['--extra-py-files'] === ours.library
  )
    return false;
  const update = new UpdateJobCommand({ JobName: name, JobUpdate: pointedAt(job, ours) });
  await call(`UpdateJob ${name}`, (options) => glue.send(update, options));
  return true;
}

function definition(ours: Ours, settings: Settings): Omit<CreateJobCommandInput, 'Name'> {
  if (settings.glueRole === undefined) {
    throw failure('SettingsInvalid', 'MSP_GLUE_ROLE is not set: the worker needs it to create the Glue jobs');
  }
  return {
    Role: settings.glueRole,
    Description: `Part of the pipeline ${settings.pipeline}; created by its worker.`,
    Command: { Name: 'glueetl', ScriptLocation: ours.script, PythonVersion: '3' },
    GlueVersion: GLUE_VERSION,
    WorkerType: settings.workerType,
    NumberOfWorkers: settings.numberOfWorkers,
    Timeout: settings.jobTimeoutMinutes,
    // A retry by Glue would be a run that nobody started; retrying is the pipeline's.
    MaxRetries: 0,
    ExecutionProperty: { MaxConcurrentRuns: settings.maxConcurrentRuns },
    DefaultArguments: {
      '--extra-py-files': ours.library,
      '--enable-metrics': 'true',
      '--enable-observability-metrics': 'true',
      // Which files are new is the manifests' business; a bookmark would be a second opinion.
      '--job-bookmark-option': 'job-bookmark-disable',
    },
  };
}

/** Fields of a job that an update does not take. MaxCapacity follows from the worker type where one is set. */
const NOT_IN_UPDATES = new Set(['Name', 'CreatedOn', 'LastModifiedOn', 'AllocatedCapacity', 'ProfileName']);

/** UpdateJob overwrites the whole definition, so everything that is there goes back with it. */
function pointedAt(job: Job, ours: Ours): JobUpdate {
  const dropped = job.WorkerType === undefined ? NOT_IN_UPDATES : new Set([...NOT_IN_UPDATES, 'MaxCapacity']);
  const kept: JobUpdate = Object.fromEntries(Object.entries(job).filter(([field]) => !dropped.has(field)));
  return {
    ...kept,
    Command: { ...job.Command, ScriptLocation: ours.script },
    DefaultArguments: { ...job.DefaultArguments, '--extra-py-files': ours.library },
  };
}
