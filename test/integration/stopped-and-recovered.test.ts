/**
 * A pipeline that is stopped in the middle of its work and brought back, by the command line on a whole stack: the
 * numbers are those of a run that nobody stopped.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { end } from '../../local/stack/processes.ts';
import type { CliResult } from '../support/cli.ts';
import { jsonOf, msp } from '../support/cli.ts';
import { differences } from '../support/stack/pipeline-stack.ts';
import { csv, plays, usersCsv } from '../support/data/small-world.ts';
import { pipelineStack } from '../support/suites/whole-stack.ts';
import { trueItemsOf } from '../support/data/truth.ts';
import { until } from '../support/until.ts';

const WHY = ['--reason', 'the reference data is wrong', '--by', 'ada'];

const shutdownSchema = z.looseObject({
  shutdown: z.string(),
  schedules: z.object({ paused: z.array(z.string()) }),
  runs: z.array(z.object({ workflowId: z.string() })),
  glueRuns: z.array(z.looseObject({ jobRunId: z.string() })),
  report: z.object({ report: z.string(), markdown: z.string(), plan: z.string() }),
});

describe('a pipeline that is stopped', () => {
  const suite = pipelineStack({ spark: ['compute_kpis', 'load_dynamodb'] });
  const content = csv(plays(1, 300, ['2024-07-01']));
  const cli = (...args: string[]): Promise<CliResult> =>
    msp(suite.stack.running.environment.operator, ...args);

  beforeAll(async () => {
    await suite.stack.deliverReference();
    await suite.stack.deliver('plays.csv', content);
  });

  async function glueStates(): Promise<string[]> {
    return (await suite.stack.client.glue.list(100)).map(({ state }) => state);
  }

  it('is shut down in seconds with a report, and goes on as the same run with the right numbers', async () => {
    expect((await cli('schedules', 'apply')).exitCode).toBe(0);
    await suite.stack.start('stopped');
    await suite.stack.glueWorks('stopped', 'kpi_computation');
    const done = await cli('shutdown', ...WHY, '--yes', '-o', 'json');
    expect(done.exitCode).toBe(0);
    const { schedules, runs, glueRuns, report } = shutdownSchema.parse(jsonOf(done));
    expect(schedules.paused).toEqual(['music_streaming-daily']);
    expect(runs.map(({ workflowId }) => workflowId)).toEqual(['stopped']);
    expect(glueRuns).toHaveLength(1);
    expect(await glueStates()).toEqual(['STOPPED', 'SUCCEEDED']);
    const written = await suite.stack.s3.send(
      new GetObjectCommand({ Bucket: suite.stack.client.settings.bucket, Key: report.markdown }),
    );
    expect(await written.Body?.transformToString()).toMatch(
      /By ada: the reference data is wrong[^]*music_streaming-daily: paused[^]*stopped \(stopped-.*\): stopped in kpi_computation, 9 stages done[^]*streams\/plays\.csv/,
    );
    expect(await suite.stack.items()).toEqual(new Map());

    const plan = await cli('recover', 'run', 'stopped', '--dry-run', '--reason', 'looking');
    expect(plan.stdout).toMatch(
      /Kept[^]*validation[^]*publish_plays[^]*Runs[^]*kpi_computation[^]*dynamodb_load/,
    );
    const recovered = await cli('recover', 'run', 'stopped', '--reason', 'mended', '--yes', '--wait');
    expect(recovered).toMatchObject({ exitCode: 0 });
    expect(differences(await trueItemsOf([content]), await suite.stack.items())).toEqual([]);
    expect((await glueStates()).sort()).toEqual(['STOPPED', 'SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
  });

  it('validates once more what it has published, when it is told to', async () => {
    const { client } = suite.stack;
    suite.stack.sparkFor();
    await suite.stack.faults({
      kind: 'run',
      job: '*_kpi_computation',
      times: 1,
      end: { state: 'SUCCEEDED', afterMs: 600_000 },
    });
    const day = '2024-07-03';
    const known = plays(3, 200, [day]);
    await suite.stack.deliver('unknown.csv', csv([...known, `9001,0000000000000000000001,${day} 23:59:59`]));
    await suite.stack.start('unsure', { inputs: ['unknown.csv'] });
    await suite.stack.glueWorks('unsure', 'kpi_computation');
    const run = await client.runs.find('unsure');
    await client.runs.command('abort', run, { by: 'ada', reason: 'a user is missing' });
    await client.runs.result(run);
    const users = `${usersCsv()}9001,Late,30,Norway,2024-01-01\n`;
    await suite.stack.deliver('users.csv', users, 'users');
    const from = ['--from', 'check_reference_data', '--reason', 'the user is known now'];
    expect(await cli('recover', 'run', 'unsure', ...from, '--yes', '--wait')).toMatchObject({ exitCode: 0 });

    const distinct = new Set(known).size;
    expect((await suite.stack.items()).get(`daily_listen_count#${day}#all`)).toMatchObject({
      value: distinct + 1,
    });
    const { run: id } = await client.runs.status(await client.runs.find('unsure'));
    const { report } = await client.quality.record(id);
    expect(report?.rows).toMatchObject({ delivered: 201, valid: distinct + 1, underReview: 0 });
    expect(await client.kpis.query({ date: day })).toContainEqual(expect.objectContaining({ edition: 2 }));
  });

  it('is shut down as far as that goes without a worker, and the rest follows when one is back', async () => {
    await suite.stack.faults({
      kind: 'run',
      job: '*_validation',
      end: { state: 'SUCCEEDED', afterMs: 600_000 },
    });
    await suite.stack.deliver('more.csv', csv(plays(2, 50, ['2024-07-02'])));
    await suite.stack.start('unwatched');
    await suite.stack.glueWorks('unwatched', 'validation');
    await cli('schedules', 'resume', 'music_streaming-daily', '--reason', 'well again');
    const { worker } = suite.stack.running.stack.processes;
    if (worker !== undefined) await end(worker, 0);

    const direct = await cli('shutdown', ...WHY, '--yes');
    expect(direct.exitCode).toBe(5);
    expect(direct.stdout).toMatch(
      /Done without one:\s+schedules paused\s+music_streaming-daily\s+runs told\s+unwatched\s+Glue runs stopped\s+jr_/,
    );
    expect(direct.stderr).toMatch(/Start a worker: it goes on with the shutdown by itself/);
    await until('Glue has stopped', async () => (await glueStates())[0] === 'STOPPED');

    await suite.stack.startWorker();
    const joined = await cli('shutdown', ...WHY, '--yes', '-o', 'json');
    expect(joined.exitCode).toBe(0);
    const { shutdown, schedules, runs } = shutdownSchema.parse(jsonOf(joined));
    expect(schedules.paused).toEqual(['music_streaming-daily']);
    expect(runs.map(({ workflowId }) => workflowId)).toEqual(['unwatched']);
    expect((await cli('status', 'unwatched')).stdout).toMatch(/Stopped/);

    await suite.stack.forgetFaults();
    const undone = await cli('resume', '--shutdown', shutdown, '--reason', 'well again', '--yes');
    expect(undone).toMatchObject({ exitCode: 0 });
    expect(undone.stdout).toMatch(
      /run unwatched goes on as unwatched-[^]*schedule music_streaming-daily is resumed/,
    );
    expect(await suite.stack.result('unwatched')).toMatchObject({ outcome: 'published' });
    const again = await cli('resume', '--shutdown', shutdown, '--reason', 'twice', '--yes');
    expect(again.stdout).toMatch(/nothing to do/);
  });
});
