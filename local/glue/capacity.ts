/**
 * How much a run gets: worker types, their DPUs and limits, the rules by which Glue refuses a capacity, and the
 * DPU-seconds that it reports. Pure.
 */
import { invalidInput } from './errors.ts';
import type { JobRun, JobSettings } from './model.ts';

interface WorkerTraits {
  readonly dpu: number;
  /** Most workers of the type. */
  readonly most: number;
}

/** One worker is the driver, so Spark needs two. */
const FEWEST_WORKERS = 2;

/** As AWS lists them. R types count in memory-optimised DPUs. */
const WORKERS: Readonly<Record<string, WorkerTraits>> = {
  Standard: { dpu: 1, most: 299 },
  'G.025X': { dpu: 0.25, most: 299 },
  'G.1X': { dpu: 1, most: 299 },
  'G.2X': { dpu: 2, most: 149 },
  'G.4X': { dpu: 4, most: 149 },
  'G.8X': { dpu: 8, most: 149 },
  'G.12X': { dpu: 12, most: 149 },
  'G.16X': { dpu: 16, most: 149 },
  'R.1X': { dpu: 1, most: 299 },
  'R.2X': { dpu: 2, most: 149 },
  'R.4X': { dpu: 4, most: 149 },
  'R.8X': { dpu: 8, most: 149 },
};

/** Capacity fields as a job definition or a StartJobRun gives them. */
export type CapacityRequest = Pick<
  JobSettings,
  'WorkerType' | 'NumberOfWorkers' | 'MaxCapacity' | 'AllocatedCapacity'
>;

export type Capacity = CapacityRequest & { readonly MaxCapacity: number };

const DEFAULT_WORKERS = { WorkerType: 'G.1X', NumberOfWorkers: 2 } as const;

/** What a Python shell job can have, in DPU; the first is the default. */
const PYTHON_SHELL_CAPACITIES = [0.0625, 1] as const;

/**
 * The capacity of a run or a definition.
 * @param requests from the strongest (the run) to the weakest (the job); the first that says anything about capacity
 *   decides, since a worker type of the one must not meet a MaxCapacity of the other. A worker type or a number alone
 *   is completed from the next.
 * @throws GlueError InvalidInputException when Glue would refuse it.
 */
export function resolveCapacity(command: string, ...requests: CapacityRequest[]): Capacity {
  requests.forEach(refuseMixture);
  return command === 'pythonshell' ? pythonShellCapacity(requests) : sparkCapacity(requests);
}

function refuseMixture(request: CapacityRequest): void {
  if (inWorkers(request) && inDpus(request) !== undefined) {
    throw invalidInput('Please do not set Max Capacity when using Worker Type and Number of Workers.');
  }
}

function pythonShellCapacity(requests: readonly CapacityRequest[]): Capacity {
  if (requests.some(inWorkers)) {
    throw invalidInput('Worker Type and Number of Workers are not supported for Python shell jobs.');
  }
  const asked = requests.find((request) => request.MaxCapacity !== undefined)?.MaxCapacity;
  const capacity = asked ?? PYTHON_SHELL_CAPACITIES[0];
  if (!PYTHON_SHELL_CAPACITIES.some((possible) => possible === capacity)) {
    throw invalidInput(`MaxCapacity of a Python shell job is 0.0625 or 1 DPU, not ${capacity}.`);
  }
  return { MaxCapacity: capacity };
}

function sparkCapacity(requests: readonly CapacityRequest[]): Capacity {
  const deciding = requests.find((request) => inDpus(request) !== undefined || inWorkers(request));
  const dpus = deciding === undefined ? undefined : inDpus(deciding);
  if (dpus !== undefined) {
    if (!Number.isInteger(dpus) || dpus < 2 || dpus > 100) {
      throw invalidInput(`MaxCapacity of a Spark job is a whole number of DPUs from 2 to 100, not ${dpus}.`);
    }
    return { MaxCapacity: dpus, AllocatedCapacity: dpus };
  }
  const type = requests.find((request) => request.WorkerType !== undefined)?.WorkerType;
  const count = requests.find((request) => request.NumberOfWorkers !== undefined)?.NumberOfWorkers;
  if ((type === undefined) !== (count === undefined)) {
    throw invalidInput('Please set both Worker Type and Number of Workers.');
  }
  return workersCapacity(type ?? DEFAULT_WORKERS.WorkerType, count ?? DEFAULT_WORKERS.NumberOfWorkers);
}

/** AllocatedCapacity is the older name of MaxCapacity. */
function inDpus(request: CapacityRequest): number | undefined {
  return request.MaxCapacity ?? request.AllocatedCapacity;
}

function inWorkers(request: CapacityRequest): boolean {
  return request.WorkerType !== undefined || request.NumberOfWorkers !== undefined;
}

/** What a definition that was stored with its derived DPUs had asked for. */
export function askedCapacity(job: CapacityRequest): CapacityRequest {
  const { WorkerType, NumberOfWorkers, MaxCapacity } = job;
  return WorkerType === undefined ? { MaxCapacity } : { WorkerType, NumberOfWorkers };
}

function workersCapacity(type: string, count: number): Capacity {
  const traits = WORKERS[type];
  if (traits === undefined) {
    throw invalidInput(`Worker type ${type} is not one of ${Object.keys(WORKERS).join(', ')}.`);
  }
  if (count < FEWEST_WORKERS || count > traits.most) {
    throw invalidInput(
      `Number of workers of the type ${type} is from ${FEWEST_WORKERS} to ${traits.most}, not ${count}.`,
    );
  }
  const dpu = traits.dpu * count;
  return { WorkerType: type, NumberOfWorkers: count, MaxCapacity: dpu, AllocatedCapacity: Math.ceil(dpu) };
}

/**
 * DPU-seconds of an ended run, which Glue reports only for FLEX and auto-scaling runs; `undefined` for the others.
 * @param executionSeconds how long the run used its workers.
 */
export function reportedDpuSeconds(
  run: Pick<JobRun, 'ExecutionClass' | 'MaxCapacity'>,
  autoScaling: boolean,
  executionSeconds: number,
): number | undefined {
  if (run.MaxCapacity === undefined || (run.ExecutionClass !== 'FLEX' && !autoScaling)) return undefined;
  return run.MaxCapacity * executionSeconds;
}
