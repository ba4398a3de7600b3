/** Job runs of the pipeline's Glue jobs: state, times, cost, what went wrong. */
import { GetJobRunCommand, paginateGetJobRuns, type GlueClient, type JobRun } from '@aws-sdk/client-glue';
import { z } from 'zod';
import { classifyEndedRun, dpuSeconds, isLive } from '../pipeline/glue-run.ts';
import { jobNameOf } from '../pipeline/settings.ts';
import { SCRIPT_NAMES } from '../pipeline/stages.ts';
import { explain, notFound, shapeOf } from './errors.ts';

export const glueRunSchema = z.object({
  id: z.string(),
  job: z.string(),
  /** The pipeline run that it belongs to, from its arguments. */
  run: z.string().optional(),
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
export type GlueRun = z.infer<typeof glueRunSchema>;

/** List price of a DPU-hour of standard execution in US dollars; regions differ a little. */
const DOLLARS_PER_DPU_HOUR = 0.44;

export class GlueRuns {
  readonly #glue: GlueClient;
  readonly #jobs: readonly string[];

  constructor(glue: GlueClient, pipeline: string) {
    this.#glue = glue;
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

  /** @throws ClientError `NotFound` when no job of the pipeline has the run */
  async get(id: string): Promise<GlueRun> {
    for (const job of this.#jobs) {
      try {
        const { JobRun: run } = await this.#glue.send(new GetJobRunCommand({ JobName: job, RunId: id }));
        if (run !== undefined) return viewOf(run, job);
      } catch (error) {
        if (shapeOf(error).name !== 'EntityNotFoundException') throw explain(error, `Glue job ${job}`);
      }
    }
    throw notFound(`No job of the pipeline has the run ${id}.`, 'msp glue runs lists them.');
  }

  async #ofJob(job: string, limit: number): Promise<GlueRun[]> {
    const runs: GlueRun[] = [];
    try {
      for await (const page of paginateGetJobRuns(
        { client: this.#glue, pageSize: Math.min(limit, 200) },
        { JobName: job },
      )) {
        runs.push(...(page.JobRuns ?? []).map((run) => viewOf(run, job)));
        if (runs.length >= limit) break;
      }
    } catch (error) {
      // A job that no run of the pipeline has set up yet.
      if (shapeOf(error).name === 'EntityNotFoundException') return [];
      throw explain(error, `Glue job ${job}`);
    }
    return runs;
  }
}

function viewOf(run: JobRun, job: string): GlueRun {
  const state: string = run.JobRunState ?? 'UNKNOWN';
  const used = dpuSeconds({
    reported: run.DPUSeconds,
    executionSeconds: run.ExecutionTime ?? 0,
    workerType: run.WorkerType,
    numberOfWorkers: run.NumberOfWorkers,
  });
  const known = {
    run: run.Arguments?.['--run_id'],
    stateDetail: run.StateDetail,
    startedAt: run.StartedOn?.toISOString(),
    endedAt: run.CompletedOn?.toISOString(),
    timeoutMinutes: run.Timeout,
    workers:
      run.WorkerType === undefined ? undefined : `${String(run.NumberOfWorkers ?? '?')} x ${run.WorkerType}`,
    dpuSeconds: used,
    estimatedCost: used === undefined ? undefined : Number(((used / 3600) * DOLLARS_PER_DPU_HOUR).toFixed(4)),
    failure: isLive(state) ? undefined : classifyEndedRun({ state, errorMessage: run.ErrorMessage }),
    errorMessage: run.ErrorMessage,
  };
  return {
    id: run.Id ?? '',
    job: run.JobName ?? job,
    state,
    executionSeconds: run.ExecutionTime ?? 0,
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)),
  };
}
