/** The pipeline's own activities and two builds of the scripts: a run keeps the build that it began with. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { GetJobCommand } from '@aws-sdk/client-glue';
import { MockActivityEnvironment } from '@temporalio/testing';
import { activityCaller } from '../../activities/call.ts';
import { buildDigest } from '../../activities/glue/build.ts';
import { createGlueRunActivities } from '../../activities/glue/job-runs.ts';
import { createScriptActivities } from '../../activities/glue/scripts.ts';
import { JobRuns } from '../../systems/glue/job-runs.ts';
import { Jobs } from '../../systems/glue/jobs.ts';
import type { GlueJobRequest, ScriptsReport, StartedGlueRun } from '../../pipeline/activity-types.ts';
import { s3Uri } from '../../pipeline/layout.ts';
import type { RunContext } from '../../pipeline/run-context.ts';
import { jobNameOf, parseSettings } from '../../pipeline/settings.ts';
import { SCRIPT_NAMES } from '../../pipeline/stages.ts';
import { ordinarySettings } from '../support/fakes/fake-activities.ts';
import { MemoryBucket } from '../support/fakes/memory-bucket.ts';
import { ENDED, startGlueUnderTest, type GlueUnderTest } from './support/glue-server.ts';

const settings = parseSettings({
  MSP_GLUE_ROLE: 'arn:aws:iam::000000000000:role/job',
  MSP_MAX_CONCURRENT_RUNS: '9',
});
const jobName = jobNameOf(ordinarySettings.pipeline, 'validate_data');
const bucket = new MemoryBucket();

let glue: GlueUnderTest;
let folder: string;
beforeAll(async () => {
  glue = await startGlueUnderTest();
  folder = mkdtempSync(join(tmpdir(), 'builds-'));
});
afterAll(async () => {
  await glue.close();
  rmSync(folder, { recursive: true });
});

/** The stage `verify_glue_scripts` of a run whose worker has the build. */
async function verified(build: string): Promise<ScriptsReport> {
  const directory = mkdtempSync(join(folder, build));
  const library = Buffer.from(build);
  const write = (
    file: string,
    ...bodies: readonly [Buffer, ...Buffer[]]
  ): { digest: string; file: string } => {
    writeFileSync(join(directory, file), bodies[0]);
    return { digest: buildDigest(...bodies), file };
  };
  const script = Buffer.from(`echo "script ${build}, library $(cat python/music_streaming.zip)" "$@"`);
  const scripts = Object.fromEntries(
    SCRIPT_NAMES.map((name) => [name, write(`${name}.sh`, script, library)]),
  );
  const built = { scripts, package: write('music_streaming.zip', library) };
  writeFileSync(join(directory, 'digests.json'), JSON.stringify(built));
  const { verifyGlueScripts } = createScriptActivities(
    { ...bucket.systems, jobs: new Jobs(glue.client, activityCaller) },
    settings,
    directory,
  );
  const report: ScriptsReport = await new MockActivityEnvironment().run(verifyGlueScripts, contextOf('any'));
  for (const key of bucket.keys('scripts/'))
    glue.scripts.set(s3Uri(ordinarySettings.bucket, key), bucket.text(key) ?? '');
  return report;
}

function contextOf(run: string): RunContext {
  return { owner: { run, workflowId: run, originalRunId: 'first' }, settings: ordinarySettings };
}

/** What a round of the run's validation prints. */
async function validated(
  run: string,
  round: number,
  version: Pick<GlueJobRequest, 'scriptDigest' | 'files'>,
): Promise<string> {
  const { startGlueRun } = createGlueRunActivities(
    new JobRuns({ glue: glue.client, glueOnce: glue.client }, activityCaller),
  );
  const workflowExecution = { workflowId: run, runId: 'first' };
  const token = `${run}/first/validation/${round}`;
  const work = {
    stage: 'validation',
    script: 'validate_data',
    plan: 'p',
    tokenUsed: false,
    overrides: {},
  } as const;
  const { jobRunId }: StartedGlueRun = await new MockActivityEnvironment({ workflowExecution }).run(
    startGlueRun,
    contextOf(run),
    { ...work, ...version, token },
  );
  await glue.when(jobName, jobRunId, ...ENDED);
  return glue.logs.get(`/aws-glue/jobs/output ${jobRunId}`)?.join('\n') ?? '';
}

function versionOf({ digests, files }: ScriptsReport): Pick<GlueJobRequest, 'scriptDigest' | 'files'> {
  return { scriptDigest: digests.validate_data, files: files.validate_data };
}

test('a run that is retried after another build was deployed runs the scripts that it began with', async () => {
  const first = await verified('A');
  expect(await validated('R1', 1, versionOf(first))).toContain('script A, library A');

  const second = await verified('B');
  expect(second.changedJobs).toContain(jobName);
  const { Job } = await glue.client.send(new GetJobCommand({ JobName: jobName }));
  expect(Job?.Command?.ScriptLocation).toContain(`/${second.digests.validate_data}/`);

  const retried = await validated('R1', 2, versionOf(first));
  expect(retried).toContain('script A, library A');
  expect(retried).toContain(`--script_digest ${first.digests.validate_data}`);
  expect(retried).not.toContain('scriptLocation');
  expect(await validated('R2', 1, versionOf(second))).toContain('script B, library B');
});
