/** Single questions and orders to Glue about job runs, as the activities put them together. */
import { BatchStopJobRunCommand, GetJobRunCommand, paginateGetJobRuns } from '@aws-sdk/client-glue';
import type { GlueClient, JobRun } from '@aws-sdk/client-glue';
import { answersToken, STOPPED_AT_ONCE, TOKEN_ARGUMENT } from '../../pipeline/glue-run.ts';
import { jobNameOf } from '../../pipeline/settings.ts';
import { SCRIPT_NAMES } from '../../pipeline/stages.ts';
import { call, failure, isFailureOf } from '../../activities/call.ts';

/** Runs looked at when searching for a token: newest first, several days of one job's runs. */
const SEARCHED_PAGES = 3;
const PAGE = 100;

/** After an unanswered start the new run may not be listed yet; a second look, this much later, has it. */
export const LIST_LAG_MS = 2_000;

/** A search that fails is a failure, never "not found"; only a job that does not exist yet has no runs. */
export async function recentRuns(glue: GlueClient, jobName: string): Promise<JobRun[]> {
  const found: JobRun[] = [];
  const pages = paginateGetJobRuns({ client: glue, pageSize: PAGE }, { JobName: jobName })[
    Symbol.asyncIterator
  ]();
  try {
    for (let page = 0; page < SEARCHED_PAGES; page += 1) {
      const { value, done } = await call(`GetJobRuns ${jobName}`, () => pages.next());
      if (done === true) break;
      found.push(...(value.JobRuns ?? []));
    }
  } catch (error) {
    if (!isFailureOf(error, 'GlueJobMissing')) throw error;
  }
  return found;
}

/** Recent runs that are what a stage with this token asks for. */
export async function runsOfToken(glue: GlueClient, jobName: string, token: string): Promise<JobRun[]> {
  const runs = await recentRuns(glue, jobName);
  return runs.filter((run) => answersToken(run.Arguments?.[TOKEN_ARGUMENT] ?? '', token));
}

/** @throws ApplicationFailure `GlueRunVanished` when Glue does not know the run */
export async function getRun(glue: GlueClient, jobName: string, jobRunId: string): Promise<JobRun> {
  const get = new GetJobRunCommand({ JobName: jobName, RunId: jobRunId });
  try {
    const { JobRun: run } = await call(`GetJobRun ${jobRunId}`, (options) => glue.send(get, options));
    if (run === undefined)
      throw failure('ServiceUnavailable', `GetJobRun ${jobRunId} answered without a run`);
    return run;
  } catch (error) {
    if (!isFailureOf(error, 'GlueJobMissing')) throw error;
    throw failure('GlueRunVanished', `Glue does not know run ${jobRunId} of ${jobName}`, error);
  }
}

/** The state of a run of whichever job of the pipeline; `undefined` when Glue does not know it. */
export async function stateOf(
  glue: GlueClient,
  pipeline: string,
  jobRunId: string,
): Promise<string | undefined> {
  for (const script of SCRIPT_NAMES) {
    try {
      return (await getRun(glue, jobNameOf(pipeline, script), jobRunId)).JobRunState;
    } catch (error) {
      if (!isFailureOf(error, 'GlueRunVanished')) throw error;
    }
  }
  return undefined;
}

/** Errors for single runs say that they have ended meanwhile; whether that is so is seen when they are looked at. */
export async function requestStops(glue: GlueClient, jobName: string, ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += STOPPED_AT_ONCE) {
    const stop = new BatchStopJobRunCommand({
      JobName: jobName,
      JobRunIds: ids.slice(at, at + STOPPED_AT_ONCE),
    });
    await call(`BatchStopJobRun ${jobName}`, (options) => glue.send(stop, options));
  }
}
