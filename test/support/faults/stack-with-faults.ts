/** A whole stack whose worker and jobs reach every service through proxies that can let single requests fail. */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { glueEnvironment } from '../../../local/stack/environments.ts';
import { gluePart, plainEnvironment, STOP_MILLISECONDS } from '../../../local/stack/parts.ts';
import { portsFrom } from '../../../local/stack/ports.ts';
import { problemOf } from '../../../local/stack/probes.ts';
import { end, StartedProcess } from '../../../local/stack/processes.ts';
import type { CommandLine } from '../../../local/stack/processes.ts';
import type { PartName, StackFile } from '../../../local/stack/folder.ts';
import type { Script } from '../spark/launcher.ts';
import { PipelineStack } from '../stack/pipeline-stack.ts';
import { until } from '../until.ts';
import { FaultProxy } from './proxy.ts';
import type { Request } from './operations.ts';

const WORKER = fileURLToPath(new URL('../stack/impatient-worker.mjs', import.meta.url));

const REGION = 'eu-west-1';

/** The scripts' own requests, as boto3 and S3A sign themselves; local Glue's beside them are not the pipeline's. */
function isOfScript({ headers }: Request): boolean {
  const agent = z.string().catch('').parse(headers['user-agent']);
  return /boto3|botocore|aws-sdk-java/i.test(agent);
}

export class StackWithFaults {
  readonly stack: PipelineStack;
  /** In front of what the worker calls. */
  readonly worker: FaultProxy;
  /** In front of what the scripts call. */
  readonly jobs: FaultProxy;

  private constructor(stack: PipelineStack, worker: FaultProxy, jobs: FaultProxy) {
    this.stack = stack;
    this.worker = worker;
    this.jobs = jobs;
  }

  static async start(spark: readonly Script[]): Promise<StackWithFaults> {
    const stack = await PipelineStack.start({}, spark);
    const { aws, glue } = stack.running.stack.endpoints;
    const worker = await FaultProxy.start({ aws, glue });
    const jobs = await FaultProxy.start({ aws, glue }, isOfScript);
    const world = new StackWithFaults(stack, worker, jobs);
    try {
      await world.#replaceParts();
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  async stop(): Promise<void> {
    await this.stack.stop();
    await this.worker.close();
    await this.jobs.close();
  }

  async #replaceParts(): Promise<void> {
    const { folder, stack: file, environment } = this.stack.running;
    const localGlue = folder
      .readCredentials()
      .find(({ principalArn }) => principalArn.endsWith('local-glue'));
    if (localGlue === undefined) throw new Error('Local Glue has no key');
    const site = {
      folder,
      ports: portsFrom(file.portBase),
      region: REGION,
      toolchain: this.stack.toolchain,
    };
    const seenByGlue = { ...file.endpoints, aws: this.jobs.endpoint };
    const glue = gluePart(site, glueEnvironment(seenByGlue, REGION, localGlue), true);
    const worker: CommandLine = {
      program: process.execPath,
      words: [WORKER],
      environment: {
        ...plainEnvironment(),
        ...environment.worker,
        AWS_ENDPOINT_URL: this.worker.endpoint,
        AWS_ENDPOINT_URL_GLUE: this.worker.endpoint,
      },
    };
    let processes: StackFile['processes'] = file.processes;
    for (const [name, command] of [
      ['glue', glue.command],
      ['worker', worker],
    ] as const) {
      const record = await this.#replace(name, command);
      processes = { ...processes, [name]: record };
      folder.writeStack({ ...file, processes });
    }
  }

  async #replace(name: PartName, command: CommandLine): Promise<StartedProcess['record']> {
    const { stack: file, environment } = this.stack.running;
    const old = file.processes[name];
    if (old === undefined) throw new Error(`The stack has no ${name}`);
    await end(old, STOP_MILLISECONDS[name]);
    const { record } = await StartedProcess.start(command, old.logFile);
    const taskQueue = environment.worker['MSP_TASK_QUEUE'] ?? '';
    const part = { name, endpoints: file.endpoints, taskQueue, pid: record.pid };
    await until(`${name} is ready`, async () => (await problemOf(part)) === undefined, 60_000);
    return record;
  }
}
