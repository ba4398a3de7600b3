/**
 * A run whose worker, starts and server are taken away while it works: one Glue run for each stage, and the numbers
 * that a second engine computes, whatever was killed when.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { temporalPart } from '../../local/stack/parts.ts';
import { probeOf } from '../../local/stack/probes.ts';
import { portsFrom } from '../../local/stack/ports.ts';
import { StartedProcess } from '../../local/stack/processes.ts';
import { readToolchain } from '../../local/stack/toolchain.ts';
import { CrashingWorkers } from '../support/crashing-workers.ts';
import { differences, PipelineStack } from '../support/pipeline-stack.ts';
import { csv, plays, songsCsv, usersCsv } from '../support/small-world.ts';
import { trueItems } from '../support/truth.ts';
import { until } from '../support/until.ts';

/** Where most is at stake: around each Glue start, and after each effect that others see. */
const CRASH_POINTS = [
  'prepareData:after',
  'startGlueRun:before:validation',
  'startGlueRun:after:validation',
  'publishPlays:after',
  'startGlueRun:after:kpi_computation',
  'publishKpis:before',
  'publishKpis:after',
  'startGlueRun:after:dynamodb_load',
  'archiveInputs:after',
  'updateProcessingState:after',
];

describe('a run that loses what it works with', () => {
  let stack: PipelineStack;
  let folder: string;
  let delivered = 0;
  const streams: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'msp-crash-'));
    stack = await PipelineStack.start();
    await stack.deliver('songs.csv', songsCsv(), 'songs');
    await stack.deliver('users.csv', usersCsv(), 'users');
    await writeFile(join(folder, 'songs'), songsCsv());
    await writeFile(join(folder, 'users'), usersCsv());
  }, 120_000);
  afterAll(async () => {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }, 120_000);

  beforeEach(async () => {
    delivered += 1;
    const content = csv(plays(delivered, 200, ['2024-07-01']));
    const path = join(folder, `${String(delivered)}.csv`);
    streams.push(path);
    await writeFile(path, content);
    await stack.deliver(`${String(delivered)}.csv`, content);
  });

  async function expectRight(runsBefore: number): Promise<void> {
    const songs = join(folder, 'songs');
    const users = join(folder, 'users');
    expect(differences(await trueItems({ streams, songs, users }), await stack.items())).toEqual([]);
    expect((await stack.glueRuns()).slice(0, -runsBefore || undefined).sort()).toEqual([
      'music-streaming-compute-kpis',
      'music-streaming-load-dynamodb',
      'music-streaming-validate-data',
    ]);
  }

  const runsSoFar = async (): Promise<number> => (await stack.glueRuns()).length;

  it('is right when starting a Glue run is throttled, refused and answered never', async () => {
    const before = await runsSoFar();
    await stack.faults(
      {
        kind: 'api',
        operation: 'StartJobRun',
        times: 1,
        error: { code: 'ThrottlingException', message: 'Rate exceeded' },
      },
      {
        kind: 'api',
        operation: 'StartJobRun',
        skip: 1,
        times: 1,
        error: { code: 'ConcurrentRunsExceededException', message: 'Concurrent runs exceeded' },
      },
      { kind: 'api', operation: 'StartJobRun', skip: 2, times: 1, lose: 'after' },
      { kind: 'api', operation: 'StartJobRun', skip: 3, times: 1, lose: 'before' },
    );
    expect(await stack.run('lost-starts')).toMatchObject({ outcome: 'published' });
    await expectRight(before);
  }, 300_000);

  it('is right when the Temporal server is killed and comes back', async () => {
    const before = await runsSoFar();
    await stack.start('server-killed');
    await until('Glue works', async () =>
      (await stack.status('server-killed')).glueRun === null ? undefined : true,
    );
    await restartTemporal(stack);
    expect(await stack.result('server-killed')).toMatchObject({ outcome: 'published' });
    await expectRight(before);
  }, 300_000);

  it('is right when its worker is killed again and again', async () => {
    const before = await runsSoFar();
    const workers = await CrashingWorkers.take(stack, CRASH_POINTS);
    try {
      await stack.start('worker-killed');
      // Each kill costs the time until the server misses the heartbeat (10 to 15 s), and a worker's start.
      expect(await stack.result('worker-killed', 780_000)).toMatchObject({ outcome: 'published' });
      expect(await workers.killed()).toBe(CRASH_POINTS.length);
      await expectRight(before);
    } finally {
      await workers.stop();
    }
  }, 800_000);
});

/** Starts the server again from its database, as whoever operates it would. */
async function restartTemporal(stack: PipelineStack): Promise<void> {
  const { folder, stack: file } = stack.running;
  const { temporal } = file.processes;
  if (temporal === undefined) throw new Error('The stack has no Temporal server');
  process.kill(temporal.pid, 'SIGKILL');
  const toolchain = readToolchain(process.env);
  const part = temporalPart({ folder, ports: portsFrom(file.portBase), region: 'eu-west-1', toolchain });
  const started = await StartedProcess.start(part.command, temporal.logFile);
  folder.writeStack({ ...file, processes: { ...file.processes, temporal: started.record } });
  const { endpoints } = file;
  const ready = probeOf({ name: 'temporal', endpoints, taskQueue: '', pid: started.record.pid });
  await until('Temporal is back', async () => ((await ready()) === undefined ? true : undefined), 60_000);
}
