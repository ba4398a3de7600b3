/**
 * The worker's memory: the real worker of a local stack while it prepares a large input (reads it for its digest, claims
 * it, stages a copy). No more than pieces of an input may be in the worker, so the input's size must not show.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineClient } from '../client/pipeline-client.ts';
import { writeDataset } from '../local/generator/dataset.ts';
import { Meter } from './measure.ts';
import { megabytes, seconds, type Part } from './report.ts';
import { withStack } from './stack.ts';

const LIMIT_BYTES = 300e6;

/** A generated line has an id of up to five digits, one of 22 characters, a time of 19, and three separators. */
const BYTES_PER_PLAY = 49;

/** Short beside the pieces in which an input is read, so that no peak is missed. */
const LOOK_MILLISECONDS = 25;

/** Preparing 500 MB takes some seconds, on a busy machine a minute. */
const PATIENCE_MILLISECONDS = 300_000;

/** The last stage that has to do with the bytes of an input before Spark has them. */
const PREPARED = 'prepare_data';

export async function benchMemory(folder: string, inputMegabytes: number): Promise<Part> {
  const { songs, users, streams } = await writeDataset(join(folder, 'data'), {
    users: 50_000,
    playsPerDay: Math.ceil((inputMegabytes * 1e6) / BYTES_PER_PLAY),
    singleFile: true,
  });
  const [input] = streams;
  if (input === undefined) throw new Error('The generator made no stream file');
  return await withStack(folder, async ({ stack, environment }) => {
    const worker = stack.processes.worker;
    if (worker === undefined) throw new Error('The stack has no worker');
    const client = PipelineClient.connect({ environment: environment.operator });
    try {
      await client.deliver(songs.path, { kind: 'songs' });
      await client.deliver(users.path, { kind: 'users' });
      await client.deliver(input.path);
      const meter = new Meter(worker.pid);
      const idleBytes = meter.look();
      const took = await meter.during(prepared(client), LOOK_MILLISECONDS);
      const { peakBytes } = meter;
      return {
        name: 'memory: the worker while it prepares a large input',
        columns: ['input', 'worker idle', 'peak', 'from start to prepared'],
        rows: [[megabytes(input.bytes), megabytes(idleBytes), megabytes(peakBytes), seconds(took)]],
        targets: [
          {
            what: 'peak resident memory of the worker',
            limit: `under ${megabytes(LIMIT_BYTES)}`,
            measured: megabytes(peakBytes),
            met: peakBytes < LIMIT_BYTES,
          },
        ],
        figures: { inputBytes: input.bytes, idleBytes, peakBytes, seconds: took },
      };
    } finally {
      await client.close();
    }
  });
}

/**
 * Starts a run and waits until its inputs are prepared.
 * @returns seconds from the start of the run to the end of that stage, by the run's own record
 */
async function prepared(client: PipelineClient): Promise<number> {
  const began = Date.now();
  const run = await client.runs.start({});
  while (Date.now() < began + PATIENCE_MILLISECONDS) {
    const done = (await client.runs.checkpoints(run)).find(({ stage }) => stage === PREPARED);
    if (done !== undefined) return (Date.parse(done.finishedAt) - began) / 1000;
    const { parked } = await client.runs.status(run);
    if (parked !== null) throw new Error(`The run stopped in ${parked.stage}: ${parked.failure.message}`);
    await sleep(LOOK_MILLISECONDS * 10);
  }
  throw new Error(`The input was not prepared within ${PATIENCE_MILLISECONDS / 1000} s`);
}
