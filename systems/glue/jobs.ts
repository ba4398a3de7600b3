/** Definitions of Glue jobs. */
import { CreateJobCommand, GetJobCommand, UpdateJobCommand } from '@aws-sdk/client-glue';
import type { GlueClient, Job, JobUpdate } from '@aws-sdk/client-glue';
import { LIBRARY_ARGUMENT } from '../../pipeline/declared/jobs.ts';
import type { DeclaredJob, JobScript } from '../../pipeline/declared/jobs.ts';
import type { Caller } from '../aws/caller.ts';
import { traitsOf, unlessNamed } from '../aws/errors.ts';
import { asked } from './job-runs.ts';

/** Another has created the job at the same moment. */
const CREATED_MEANWHILE = ['AlreadyExistsException', 'IdempotentParameterMismatchException'];

export class Jobs {
  readonly #glue: GlueClient;
  readonly #caller: Caller;

  constructor(glue: GlueClient, caller: Caller) {
    this.#glue = glue;
    this.#caller = caller;
  }

  async get(name: string): Promise<Job | undefined> {
    const get = new GetJobCommand({ JobName: name });
    return await this.#caller.call(asked('GetJob', name), (options) =>
      unlessNamed('EntityNotFoundException', async () => (await this.#glue.send(get, options)).Job),
    );
  }

  /** @returns `false` when another has created it at the same moment */
  async create(name: string, declared: DeclaredJob): Promise<boolean> {
    const create = new CreateJobCommand({
      Name: name,
      Role: declared.role,
      Description: declared.description,
      Command: {
        Name: declared.kind,
        ScriptLocation: declared.script,
        PythonVersion: declared.pythonVersion,
      },
      GlueVersion: declared.glueVersion,
      WorkerType: declared.workerType,
      NumberOfWorkers: declared.numberOfWorkers,
      Timeout: declared.timeoutMinutes,
      MaxRetries: declared.maxRetries,
      ExecutionProperty: { MaxConcurrentRuns: declared.maxConcurrentRuns },
      DefaultArguments: { ...declared.arguments },
    });
    return await this.#caller.call(asked('CreateJob', name), async (options) => {
      try {
        await this.#glue.send(create, options);
        return true;
      } catch (error) {
        if (CREATED_MEANWHILE.includes(traitsOf(error).name ?? '')) return false;
        throw error;
      }
    });
  }

  /**
   * Lets a job run another script and package; all else stays.
   * @param job as it was read
   * @returns whether that was a change
   */
  async pointTo(name: string, job: Job, { script, library }: JobScript): Promise<boolean> {
    if (job.Command?.ScriptLocation === script && job.DefaultArguments?.[LIBRARY_ARGUMENT] === library)
      return false;
    const changed = {
      ...updatable(job),
      Command: { ...job.Command, ScriptLocation: script },
      DefaultArguments: { ...job.DefaultArguments, [LIBRARY_ARGUMENT]: library },
    };
    const update = new UpdateJobCommand({ JobName: name, JobUpdate: changed });
    await this.#caller.call(asked('UpdateJob', name), (options) => this.#glue.send(update, options));
    return true;
  }
}

/** Fields of a job that an update does not take. MaxCapacity follows from the worker type where one is set. */
const NOT_IN_UPDATES = new Set(['Name', 'CreatedOn', 'LastModifiedOn', 'AllocatedCapacity', 'ProfileName']);

/** UpdateJob overwrites the whole definition, so everything that is there goes back with it. */
function updatable(job: Job): JobUpdate {
  const dropped = job.WorkerType === undefined ? NOT_IN_UPDATES : new Set([...NOT_IN_UPDATES, 'MaxCapacity']);
  return Object.fromEntries(Object.entries(job).filter(([field]) => !dropped.has(field)));
}
