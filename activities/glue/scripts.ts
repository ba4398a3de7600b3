/**
 * Scripts in S3 and the jobs that run them. A script is uploaded under its digest and never overwritten, so a run's
 * scripts never change under it: it names them at each start (`starting.ts`). Jobs are created when absent; of an
 * existing one only the two fields that name the script are ours, everything else is written back as it was read.
 */
import type { PipelineActivities, ScriptFiles } from '../../pipeline/activity-types.ts';
import { declaredJob } from '../../pipeline/declared/jobs.ts';
import type { JobScript } from '../../pipeline/declared/jobs.ts';
import { layout, s3Uri } from '../../pipeline/layout.ts';
import { jobNameOf } from '../../pipeline/settings.ts';
import type { Settings } from '../../pipeline/settings.ts';
import type { ScriptName } from '../../pipeline/stages.ts';
import { failure } from '../call.ts';
import type { Jobs } from '../../systems/glue/jobs.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import type { Systems } from '../../systems/systems.ts';
import { readBuild } from './build.ts';
import type { Built } from './build.ts';

export function createScriptActivities(
  systems: Pick<Systems, 'bucket' | 'jobs'>,
  settings: Settings,
  directory: string,
): Pick<PipelineActivities, 'verifyGlueScripts'> {
  return {
    async verifyGlueScripts({ settings: { bucket: bucketName, pipeline } }) {
      const bucket = systems.bucket(bucketName);
      const { scripts, library } = await readBuild(directory);
      const uploads = await Promise.all([...scripts.values(), library].map((built) => upload(bucket, built)));
      const changed = await Promise.all(
        [...scripts].map(async ([name, built]) => {
          const ours = {
            script: s3Uri(bucketName, keyOf(built)),
            library: s3Uri(bucketName, keyOf(library)),
          };
          return (await ensureJob(systems.jobs, jobNameOf(pipeline, name), ours, settings))
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
  if (there === undefined && (await bucket.create(key, built.body, built.sha256))) return true;
  // Where another run was uploading at the same moment, it is there by now.
  if ((there ?? (await bucket.sha256(key))) === built.sha256) return false;
  throw failure(
    'ScriptsInvalid',
    `s3://${bucket.name}/${key} is not what was uploaded under this digest; restore its first version`,
  );
}

/** @returns whether the job was created or changed */
async function ensureJob(jobs: Jobs, name: string, script: JobScript, settings: Settings): Promise<boolean> {
  const job = await jobs.get(name);
  // Where another run created it at the same moment, it did so from the same build or one that its own start corrects.
  if (job === undefined) return await jobs.create(name, declaredJob(settings, roleIn(settings), script));
  return await jobs.pointTo(name, job, script);
}

function roleIn({ glueRole }: Settings): string {
  if (glueRole !== undefined) return glueRole;
  throw failure('SettingsInvalid', 'MSP_GLUE_ROLE is not set: the worker needs it to create the Glue jobs');
}
