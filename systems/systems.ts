/** The AWS services that the pipeline works with, as one user of them calls them. */
import type { AwsClients } from './aws/clients.ts';
import type { Caller } from './aws/caller.ts';
import { Table } from './dynamodb/table.ts';
import { JobRuns } from './glue/job-runs.ts';
import { Jobs } from './glue/jobs.ts';
import { GlueLogs } from './logs/streams.ts';
import { Bucket } from './s3/bucket.ts';
import { callerIdentity } from './sts/identity.ts';
import type { CallerIdentity } from './sts/identity.ts';

export class Systems {
  readonly jobs: Jobs;
  readonly jobRuns: JobRuns;
  readonly logs: GlueLogs;
  readonly #clients: AwsClients;
  readonly #caller: Caller;

  constructor(clients: AwsClients, caller: Caller) {
    this.#clients = clients;
    this.#caller = caller;
    this.jobs = new Jobs(clients.glue, caller);
    this.jobRuns = new JobRuns(clients, caller);
    this.logs = new GlueLogs(clients.logs, caller);
  }

  bucket(name: string): Bucket {
    return new Bucket(this.#clients.s3, this.#caller, name);
  }

  table(name: string): Table {
    return new Table(this.#clients.dynamo, this.#caller, name);
  }

  async identity(): Promise<CallerIdentity> {
    return await callerIdentity(this.#clients.sts, this.#caller);
  }

  /** Closes all connections. */
  close(): void {
    this.#clients.close();
  }
}

/** For those who only need buckets. */
export type Buckets = Pick<Systems, 'bucket'>;
