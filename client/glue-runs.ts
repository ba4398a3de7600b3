/** Job runs of the pipeline's Glue jobs: state, times, cost, what went wrong. */
import { z } from 'zod';
import { classifyEndedRun, DOLLARS_PER_DPU_HOUR, isLive } from '../pipeline/glue-run.ts';
import { jobNameOf } from '../pipeline/settings.ts';
import { SCRIPT_NAMES, STAGES, type StageName } from '../pipeline/stages.ts';
import type { JobRun } from '../systems/glue/job-run.ts';
import type { JobRuns } from '../systems/glue/job-runs.ts';
import { eachTried } from './each-tried.ts';
import { ClientError, notFound } from './errors.ts';
import { withoutUndefined } from './optional.ts';

export const glueRunSchema = z.object({
  id: z.string(),
  job: z.string(),
  /** The pipeline run that it belongs to, from its arguments. */
  run: z.string().optional(),
  /** The workflow id of that run, where the job run carries the pipeline's token. */
  workflowId: z.string().optional(),
  state: z.string(),
  /** Why it waits, where Glue says so. */
  stateDetail: z.string().optional(),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  executionSeconds: z.number(),
  timeoutMinutes: z.number().optional(),
  workers: z.string().optional(),
  dpuSeconds: z.number().optional(),
  /** In US dollars, by the list price of DPU-hours. */
  estimatedCost: z.number().optional(),
  failure: z.string().optional(),
  errorMessage: z.string().optional(),
});
/** A job run as Glue tells it: times in seconds, moments in ISO 8601. */
export type GlueRun = z.infer<typeof glueRunSchema>;

const WHOLE_ID = /^jr_[0-9a-f]{64}/;

/** Runs in which one is looked for that is not named by its whole id: those of the last days. */
const RUNS_SEARCHED = 200;

/** Runs among which live ones are looked for: more than a job's concurrency limit lets live. */
const LIVE_SEARCHED = 1000;

/** Runs of the pipeline's Glue jobs. Needs the rights of an operator; no worker and no Temporal server. */
export class GlueRuns {
  readonly #jobRuns: JobRuns;
  readonly #pipeline: string;
  readonly #jobs: readonly string[];

  constructor(jobRuns: JobRuns, pipeline: string) {
    this.#jobRuns = jobRuns;
    this.#pipeline = pipeline;
    this.#jobs = SCRIPT_NAMES.map((script) => jobNameOf(pipeline, script));
  }

  /**
   * The latest runs of all jobs of the pipeline.
   * @param limit how many in all
   */
  async list(limit: number): Promise<GlueRun[]> {
    const runs = (await Promise.all(this.#jobs.map((job) => this.#ofJob(job, limit)))).flat();
    return runs.sort((a, b) => (b.startedAt ?? '').localeCompare(a.startedAt ?? '')).slice(0, limit);
  }

  /**
   * @param id the whole id, or the beginning of that of a recent run
   * @throws ClientError `NotFound` when no job of the pipeline has the run
   */
  async get(id: string): Promise<GlueRun> {
    if (!WHOLE_ID.test(id)) return await this.#byBeginning(id);
    const run = await this.#jobRuns.find(this.#jobs, id);
    if (run === undefined) throw unknown(id);
    return viewOf(run);
  }

  /**
   * The latest job run of a pipeline run, among those of the last days.
   * @param run the pipeline run's id in the bucket
   * @param stages only job runs of theirs
   */
  async latestOf(run: string, stages: readonly StageName[]): Promise<GlueRun | undefined> {
    const scripts = stages.flatMap((stage) => STAGES[stage].script ?? []);
    const jobs = scripts.map((script) => jobNameOf(this.#pipeline, script));
    const recent = await this.list(RUNS_SEARCHED);
    return recent.find((each) => each.run === run && jobs.includes(each.job));
  }

  async live(): Promise<GlueRun[]> {
    return (await this.list(LIVE_SEARCHED)).filter(({ state }) => isLive(state));
  }

  /**
   * Asks Glue to stop every live run of the pipeline's jobs, or those of one pipeline run; does not wait.
   * @param did told of the id of each that Glue was asked to stop
   * @param of the pipeline run's id in the bucket
   */
  async stopAll(did: (id: string) => void, of?: string): Promise<void> {
    await eachTried(this.#jobs, async (job) => {
      const live = (await this.#ofJob(job, LIVE_SEARCHED)).filter(({ state }) => isLive(state));
      const meant = live.filter(({ run }) => of === undefined || run === of);
      await this.#jobRuns.stop(
        job,
        meant.map(({ id }) => id),
        did,
      );
    });
  }

  /** Asks Glue to stop these; does not wait. @returns their ids */
  async stop(runs: readonly GlueRun[]): Promise<string[]> {
    const stopped: string[] = [];
    for (const job of this.#jobs) {
      const ids = runs.filter((run) => run.job === job).map(({ id }) => id);
      await this.#jobRuns.stop(job, ids, (id) => stopped.push(id));
    }
    return stopped;
  }

  async #byBeginning(beginning: string): Promise<GlueRun> {
    const [found, ...others] = (await this.list(RUNS_SEARCHED)).filter((run) => run.id.startsWith(beginning));
    if (found === undefined) throw unknown(beginning);
    if (others.length === 0) return found;
    throw new ClientError('WrongUse', `${others.length + 1} job runs begin with ${beginning}.`, {
      advice: 'Give more of the id; msp glue runs -o json has it whole.',
    });
  }

  async #ofJob(job: string, limit: number): Promise<GlueRun[]> {
    return (await this.#jobRuns.recent(job, limit)).map(viewOf);
  }
}

function unknown(id: string): ClientError {
  return notFound(`No job of the pipeline has the run ${id}.`, 'msp glue runs lists them.');
}

function viewOf(run: JobRun): GlueRun {
  const { id, jobName: job, state, executionSeconds, errorMessage, dpuSeconds: used, workerType } = run;
  const known = {
    run: run.run,
    workflowId: run.owner?.workflowId,
    stateDetail: run.detail,
    startedAt: run.startedAt?.toISOString(),
    endedAt: run.endedAt?.toISOString(),
    timeoutMinutes: run.timeoutMinutes,
    workers: workerType === undefined ? undefined : `${run.numberOfWorkers ?? '?'} x ${workerType}`,
    dpuSeconds: used,
    estimatedCost: used === undefined ? undefined : Number(((used / 3600) * DOLLARS_PER_DPU_HOUR).toFixed(4)),
    failure: isLive(state) ? undefined : classifyEndedRun({ state, errorMessage }),
    errorMessage,
  };
  return { id, job, state, executionSeconds, ...withoutUndefined(known) };
}
