/** Runs from start to end: what a script gets, what its end is taken for, what is answered about it. */
import {
  ConcurrentRunsExceededException,
  EntityNotFoundException,
  GetJobCommand,
  GetJobBookmarkCommand,
  GetJobRunsCommand,
  InvalidInputException,
  ResetJobBookmarkCommand,
  UpdateJobCommand,
} from '@aws-sdk/client-glue';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ENDED, startGlueUnderTest, type GlueUnderTest } from './support/glue-server.ts';

let glue: GlueUnderTest;
beforeAll(async () => {
  glue = await startGlueUnderTest({ slots: 4 });
});
afterAll(() => glue.close());

const logged = (group: string, runId: string): string => glue.logs.get(`${group} ${runId}`)?.join('\n') ?? '';

describe('a run', () => {
  it('that exits well has succeeded, with times and capacity', async () => {
    const job = await glue.define('sleep 0.1', { WorkerType: 'G.2X', NumberOfWorkers: 3 });
    const id = await glue.start(job);
    expect(id).toMatch(/^jr_[0-9a-f]{64}$/);
    const run = await glue.when(job, id, ...ENDED);
    expect(run).toMatchObject({
      Id: id,
      JobName: job,
      JobRunState: 'SUCCEEDED',
      Attempt: 0,
      WorkerType: 'G.2X',
      NumberOfWorkers: 3,
      MaxCapacity: 6,
      Timeout: 480,
      LogGroupName: '/aws-glue/jobs',
      GlueVersion: '5.1',
    });
    expect(run).not.toHaveProperty('ErrorMessage');
    expect(run).not.toHaveProperty('DPUSeconds');
    expect(run.CompletedOn?.getTime()).toBeGreaterThanOrEqual(run.StartedOn?.getTime() ?? Infinity);
  });

  it('gets defaults, then its own arguments, then the names that Glue adds; switches are taken out', async () => {
    const job = await glue.define('printf "%s\\n" "$@"', {
      DefaultArguments: {
        '--level': 'default',
        '--color': 'blue',
        '--enable-metrics': 'true',
        '--TempDir': 's3://b/t/',
      },
      NonOverridableArguments: { '--fixed': 'job' },
    });
    const Arguments = {
      '--level': 'run',
      '--fixed': 'run',
      '--text': 'two words',
      '--job-language': 'python',
    };
    const id = await glue.start(job, { Arguments });
    const run = await glue.when(job, id, ...ENDED);
    expect(run.Arguments).toEqual(Arguments);
    const words = logged('/aws-glue/jobs/output', id).split('\n');
    const jobId = words.at(-1);
    expect(jobId).toMatch(/^j_[0-9a-f]{64}$/);
    expect(words.slice(1)).toEqual(
      [
        ['--level', 'run'],
        ['--color', 'blue'],
        ['--TempDir', 's3://b/t/'],
        ['--fixed', 'job'],
        ['--text', 'two words'],
        ['--JOB_NAME', job],
        ['--JOB_RUN_ID', id],
        ['--JOB_ID', jobId],
      ]
        .flat()
        .slice(1),
    );
  });

  it("sees nothing of the server's own environment", async () => {
    process.env['SECRET_OF_THE_SHELL'] = 'leaked';
    const job = await glue.define('env');
    const id = await glue.start(job);
    await glue.when(job, id, 'SUCCEEDED');
    delete process.env['SECRET_OF_THE_SHELL'];
    const environment = logged('/aws-glue/jobs/output', id);
    expect(environment).not.toContain('leaked');
    expect(environment).toContain('AWS_ACCESS_KEY_ID=role');
    expect(environment).toContain('AWS_REGION=eu-west-1');
  });

  it('that fails says the exception that ended it, and has its traceback in the error log', async () => {
    const traceback = [
      'Traceback (most recent call last):',
      '  File "a.py", line 3, in <module>',
      'pyspark.errors.exceptions.captured.AnalysisException: [PATH_NOT_FOUND] Path does not exist',
    ].join('\\n');
    const job = await glue.define(`echo on stderr >&2; printf '${traceback}\\n'; exit 1`);
    const id = await glue.start(job);
    const run = await glue.when(job, id, ...ENDED);
    expect(run.JobRunState).toBe('FAILED');
    expect(run.ErrorMessage).toBe('AnalysisException: [PATH_NOT_FOUND] Path does not exist');
    const errors = logged('/aws-glue/jobs/error', id);
    expect(errors).toContain('on stderr');
    expect(errors).toContain('line 3, in <module>');
  });

  it('whose script is missing has failed with what S3 said', async () => {
    const job = await glue.define('true');
    glue.scripts.delete(`s3://scripts/${job}.sh`);
    const run = await glue.when(job, await glue.start(job), ...ENDED);
    expect(run.JobRunState).toBe('FAILED');
    expect(run.ErrorMessage).toMatch(/^Error downloading script s3:\/\/scripts\/.*404/);
    expect(run.ExecutionTime).toBe(0);
  });

  it('that asks for what only Glue has fails before it starts, saying so', async () => {
    const job = await glue.define('true');
    const id = await glue.start(job, { Arguments: { '--additional-python-modules': 'pandas' } });
    const run = await glue.when(job, id, ...ENDED);
    expect(run.JobRunState).toBe('FAILED');
    expect(run.ErrorMessage).toMatch(
      /--additional-python-modules: the local Glue installs no Python modules/,
    );
  });

  it('can have its own capacity, time limit, class and log group', async () => {
    const job = await glue.define('echo hello', { WorkerType: 'G.1X', NumberOfWorkers: 2 });
    const id = await glue.start(job, {
      WorkerType: 'R.1X',
      NumberOfWorkers: 5,
      Timeout: 7,
      ExecutionClass: 'FLEX',
      Arguments: { '--custom-logGroup-prefix': '/teams/music' },
    });
    const run = await glue.when(job, id, 'SUCCEEDED');
    expect(run).toMatchObject({ WorkerType: 'R.1X', NumberOfWorkers: 5, Timeout: 7, ExecutionClass: 'FLEX' });
    expect(run.DPUSeconds).toBe(5 * (run.ExecutionTime ?? NaN));
    expect(run.LogGroupName).toBe('/teams/music');
    expect(logged('/teams/music/output', id)).toBe('hello');
  });

  it('keeps the definition that it was started with, whatever becomes of the job', async () => {
    const job = await glue.define('echo "$@"', { DefaultArguments: { '--v': 'old' } });
    await glue.addFaults({ kind: 'run', job, times: 1, startingMs: 300 });
    const id = await glue.start(job);
    const { Job } = await glue.client.send(new GetJobCommand({ JobName: job }));
    const JobUpdate = { Role: 'other', Command: Job?.Command, DefaultArguments: { '--v': 'new' } };
    await glue.client.send(new UpdateJobCommand({ JobName: job, JobUpdate }));
    await glue.when(job, id, 'SUCCEEDED');
    expect(logged('/aws-glue/jobs/output', id)).toContain('--v old');
  });

  it('runs the script that its arguments name in place of the one of the job', async () => {
    const job = await glue.define('echo of the job');
    glue.scripts.set('s3://scripts/own.sh', 'echo own "$@"');
    const Arguments = { '--scriptLocation': 's3://scripts/own.sh', '--v': '1' };
    const id = await glue.start(job, { Arguments });
    expect((await glue.when(job, id, ...ENDED)).Arguments).toEqual(Arguments);
    expect(logged('/aws-glue/jobs/output', id)).toMatch(/^own --v 1 --JOB_NAME /);

    const missing = await glue.start(job, { Arguments: { '--scriptLocation': 's3://scripts/none.sh' } });
    expect(await glue.when(job, missing, ...ENDED)).toMatchObject({
      JobRunState: 'FAILED',
      ErrorMessage: expect.stringMatching(/^Error downloading script s3:\/\/scripts\/none\.sh.*404/),
    });
  });

  it('of a Python shell job is run by plain Python', async () => {
    const ScriptLocation = 's3://scripts/shell.py';
    const job = await glue.define('', { Command: { Name: 'pythonshell', ScriptLocation } });
    glue.scripts.set(ScriptLocation, 'import sys\nprint(sys.argv[1:3])\nraise ValueError("no plays")\n');
    const id = await glue.start(job);
    const run = await glue.when(job, id, ...ENDED);
    expect(run).toMatchObject({
      JobRunState: 'FAILED',
      ErrorMessage: 'ValueError: no plays',
      MaxCapacity: 0.0625,
    });
    expect(logged('/aws-glue/jobs/output', id)).toBe(`['--JOB_NAME', '${job}']`);
  });
});

describe('history', () => {
  it('is answered newest first, page by page', async () => {
    const job = await glue.define('true', { ExecutionProperty: { MaxConcurrentRuns: 10 } });
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) ids.push(await glue.start(job));
    const seen: (string | undefined)[] = [];
    let NextToken: string | undefined;
    do {
      const page = await glue.client.send(new GetJobRunsCommand({ JobName: job, MaxResults: 2, NextToken }));
      seen.push(...(page.JobRuns ?? []).map((run) => run.Id));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(seen).toEqual(ids.toReversed());
    for (const id of ids) await glue.when(job, id, 'SUCCEEDED');
  });

  it('does not repeat a run when others are started between two pages', async () => {
    const job = await glue.define('true', { ExecutionProperty: { MaxConcurrentRuns: 10 } });
    const [oldest, newest] = [await glue.start(job), await glue.start(job)];
    const first = await glue.client.send(new GetJobRunsCommand({ JobName: job, MaxResults: 1 }));
    const later = await glue.start(job);
    const second = await glue.client.send(
      new GetJobRunsCommand({ JobName: job, MaxResults: 1, NextToken: first.NextToken }),
    );
    expect([first.JobRuns?.[0]?.Id, second.JobRuns?.[0]?.Id]).toEqual([newest, oldest]);
    for (const id of [oldest, newest, later]) await glue.when(job, id, 'SUCCEEDED');
  });

  it('is not given for a job or a run that is not there', async () => {
    const job = await glue.define('true');
    const runs = glue.client.send(new GetJobRunsCommand({ JobName: 'nobody' }));
    await expect(runs).rejects.toBeInstanceOf(EntityNotFoundException);
    await expect(glue.run(job, 'jr_0')).rejects.toBeInstanceOf(EntityNotFoundException);
  });
});

describe('a start is refused', () => {
  it('for a job that is not there', async () => {
    await expect(glue.start('nobody')).rejects.toBeInstanceOf(EntityNotFoundException);
  });

  it('beyond MaxConcurrentRuns', async () => {
    const job = await glue.define('sleep 0.5');
    const id = await glue.start(job);
    await expect(glue.start(job)).rejects.toBeInstanceOf(ConcurrentRunsExceededException);
    await glue.when(job, id, 'SUCCEEDED');
    await glue.when(job, await glue.start(job), 'SUCCEEDED');
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['with a reserved argument', { Arguments: { '--JOB_RUN_ID': 'x' } }, /reserved/],
    [
      'with capacity in workers and in DPUs',
      { WorkerType: 'G.1X', NumberOfWorkers: 2, MaxCapacity: 3 },
      /Max Capacity/,
    ],
    ['with too few workers', { NumberOfWorkers: 1 }, /from 2 to 299/],
    ['with a time limit out of range', { Timeout: 20_000 }, /from 1 to 10080/],
    ['for a retry of a run that is not there', { JobRunId: 'jr_unknown' }, /not found/],
  ])('%s', async (_, input, message) => {
    const job = await glue.define('true');
    await expect(glue.start(job, input)).rejects.toThrow(message);
  });

  it('with queuing on for a job with retries', async () => {
    const job = await glue.define('true', { MaxRetries: 1 });
    await expect(glue.start(job, { JobRunQueuingEnabled: true })).rejects.toBeInstanceOf(
      InvalidInputException,
    );
  });
});

describe('a retry', () => {
  it('by Glue itself is a run of its own with the next attempt number', async () => {
    const job = await glue.define('exit 3', { MaxRetries: 2 });
    const id = await glue.start(job);
    // An attempt is known from the moment at which the one before it is seen to have failed.
    await glue.when(job, id, 'FAILED');
    await glue.when(job, `${id}_attempt_1`, 'FAILED');
    const last = await glue.when(job, `${id}_attempt_2`, 'FAILED');
    expect(last).toMatchObject({ Attempt: 2, PreviousRunId: `${id}_attempt_1` });
    expect(last.ErrorMessage).toBe('Command failed with exit code 3');
    const { JobRuns } = await glue.client.send(new GetJobRunsCommand({ JobName: job }));
    expect(JobRuns?.map((run) => run.Attempt)).toEqual([2, 1, 0]);
  });

  it('on request repeats an ended run with its arguments', async () => {
    const job = await glue.define('true');
    const id = await glue.start(job, { Arguments: { '--day': '2024-06-25' } });
    await glue.when(job, id, 'SUCCEEDED');
    const again = await glue.start(job, { JobRunId: id });
    const run = await glue.when(job, again, 'SUCCEEDED');
    expect(run).toMatchObject({ PreviousRunId: id, Attempt: 1, Arguments: { '--day': '2024-06-25' } });
  });
});

it('a script that a signal has ended is reported with that signal, as shells count', async () => {
  const job = await glue.define('kill -SEGV $$');
  const run = await glue.when(job, await glue.start(job), 'FAILED');
  expect(run.ErrorMessage).toBe('Command failed with exit code 139');
});

describe('bookmarks', () => {
  it('are never kept; resetting them is answered all the same', async () => {
    const job = await glue.define('true');
    const bookmark = glue.client.send(new GetJobBookmarkCommand({ JobName: job }));
    await expect(bookmark).rejects.toBeInstanceOf(EntityNotFoundException);
    const { JobBookmarkEntry } = await glue.client.send(new ResetJobBookmarkCommand({ JobName: job }));
    expect(JobBookmarkEntry).toMatchObject({ JobName: job, Version: 0 });
    const unknown = glue.client.send(new ResetJobBookmarkCommand({ JobName: 'nobody' }));
    await expect(unknown).rejects.toBeInstanceOf(EntityNotFoundException);
  });
});
