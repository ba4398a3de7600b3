/** Looking for what has become of a stage's Glue runs, among those of the last days. */
import { answersToken } from '../../pipeline/glue-run.ts';
import { jobNameOf } from '../../pipeline/settings.ts';
import { SCRIPT_NAMES } from '../../pipeline/stages.ts';
import type { JobRun } from '../../systems/glue/job-run.ts';
import type { JobRuns } from '../../systems/glue/job-runs.ts';

/** Runs of a job among which one is searched: newest first, several days of them. */
export const SEARCHED = 300;

/** After an unanswered start the new run may not be listed yet; a second look, this much later, has it. Milliseconds. */
export const LIST_LAG_MS = 2_000;

/** Recent runs that are what a stage with this token asks for. */
export async function runsOfToken(jobRuns: JobRuns, jobName: string, token: string): Promise<JobRun[]> {
  const runs = await jobRuns.recent(jobName, SEARCHED);
  return runs.filter((run) => answersToken(run.token ?? '', token));
}

/** The state of a run of whichever job of the pipeline; `undefined` when Glue does not know it. */
export async function stateOf(jobRuns: JobRuns, pipeline: string, id: string): Promise<string | undefined> {
  const jobNames = SCRIPT_NAMES.map((script) => jobNameOf(pipeline, script));
  return (await jobRuns.find(jobNames, id))?.state;
}
