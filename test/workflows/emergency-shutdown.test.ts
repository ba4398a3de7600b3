import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { createChainActivities } from '../../activities/temporal/chains.ts';
import { createScheduleActivities } from '../../activities/temporal/schedules.ts';
import { createShutdownActivities } from '../../activities/temporal/shutdown.ts';
import type { FoundRun, ShutdownFindings, ShutdownRequest, UndoPlan } from '../../pipeline/shutdown.ts';
import type { ShutdownResult, ShutdownStatus } from '../../workflows/emergency-shutdown/messages.ts';
import { ordinarySettings } from '../support/fakes/fake-activities.ts';
import type { FakeActivities, Replacements } from '../support/fakes/fake-activities.ts';
import { GlueInHand } from '../support/fakes/glue-in-hand.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { foundBy } from '../support/temporal/search-attributes.ts';
import { activitiesOver, glueWorks, startRun } from '../support/temporal/started-run.ts';
import type { Handle } from '../support/temporal/started-run.ts';
import { devServer } from '../support/suites/dev-server.ts';
import { until } from '../support/until.ts';

const who = { by: 'ada', reason: 'the reference data is wrong' };
const IN_FLIGHT = 50;

/** Fifty runs that begin at once on two cores which are busy with something else. */
const AT_WORK_WITHIN_MS = 60_000;

/** A step that fails is waited for hardly longer than until the second look, a second after the first. */
const impatient: Replacements = {
  readRunSettings: () => Promise.resolve({ ...ordinarySettings, shutdownUnansweredMinutes: 0.01 }),
};

describe('an emergency shutdown', () => {
  const server = devServer();
  let asked = 0;

  /** What asks Temporal is real. */
  function activities(glue: GlueInHand, replacements: Replacements = {}): FakeActivities {
    return activitiesOver(glue, {
      ...createShutdownActivities(),
      ...createChainActivities(),
      ...createScheduleActivities(),
      ...replacements,
    });
  }

  async function shutDown(taskQueue: string, request: ShutdownRequest = who): Promise<ShutdownResult> {
    asked += 1;
    return await server.env.client.workflow.execute<(given: ShutdownRequest) => Promise<ShutdownResult>>(
      'emergencyShutdown',
      { args: [request], taskQueue, workflowId: `shutdown-${asked}` },
    );
  }

  async function schedule(id: string, paused: boolean, taskQueue: string): Promise<void> {
    await server.env.client.schedule.create({
      scheduleId: id,
      spec: { intervals: [{ every: '1d' }] },
      action: { type: 'startWorkflow', workflowType: 'musicStreamingPipeline', taskQueue, args: [{}] },
      state: { paused, ...(paused ? { note: 'a holiday' } : {}) },
    });
  }

  async function working(taskQueue: string, count: number): Promise<Handle[]> {
    const handles = await Promise.all(Array.from({ length: count }, () => startRun(server.env, taskQueue)));
    for (const handle of handles) await glueWorks(handle, 'validation', AT_WORK_WITHIN_MS);
    return handles;
  }

  it('pauses the schedules, stops fifty runs with their Glue runs within seconds, and remembers what it did', async () => {
    const glue = new GlueInHand('validation');
    const findings: ShutdownFindings[] = [];
    const fake = activities(glue, {
      writeShutdownReport: (_settings, given) => {
        findings.push(given);
        return Promise.resolve({ report: 'r.json', markdown: 'r.md', plan: 'p.json' });
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      await schedule('test-daily', false, taskQueue);
      await schedule('test-weekly', true, taskQueue);
      await schedule('hourly-plays', false, taskQueue);
      await schedule('test-other-daily', false, 'of-another-pipeline');
      const handles = await working(taskQueue, IN_FLIGHT);
      const began = Date.now();
      const result = await shutDown(taskQueue);
      expect(Date.parse(result.requestedAt ?? '') - began).toBeLessThan(5_000);
      expect(result.schedules).toEqual({
        paused: expect.arrayContaining(['test-daily', 'hourly-plays']),
        pausedBefore: [{ id: 'test-weekly', note: 'a holiday' }],
      });
      expect(result.runs.map(({ runId }) => runId).sort()).toEqual(
        handles.map(({ firstExecutionRunId }) => firstExecutionRunId).sort(),
      );
      expect(result.glueRuns).toHaveLength(IN_FLIGHT);
      expect(result.glueRuns.some(({ orphan }) => orphan)).toBe(false);
      for (const handle of handles) expect(await foundBy(handle)).toMatchObject({ status: 'Stopped' });
      const { state } = await server.env.client.schedule.getHandle('test-daily').describe();
      expect(state).toMatchObject({
        paused: true,
        note: `Emergency shutdown ${result.shutdown} by ada: the reference data is wrong`,
      });
      const other = await server.env.client.schedule.getHandle('test-other-daily').describe();
      expect(other.state.paused).toBe(false);
    });
    expect(glue.of('validation')).toEqual(Array.from({ length: IN_FLIGHT }, () => 'STOPPED'));
    expect(findings[0]?.plan.runs).toHaveLength(IN_FLIGHT);
    for (const id of ['test-daily', 'test-weekly', 'hourly-plays', 'test-other-daily'])
      await server.env.client.schedule.getHandle(id).delete();
  });

  it('remembers runs and Glue runs that end before the activities that stopped them are heard of', async () => {
    const glue = new GlueInHand('validation');
    const real = createShutdownActivities();
    /** Does it, and dies with the answer when everything has ended. */
    const unheard = async (handle: Handle | undefined, act: () => Promise<void>): Promise<void> => {
      await act();
      await handle?.result().catch(() => undefined);
      throw new Error('killed');
    };
    const tried = new Set<string>();
    const first = (name: string): boolean => tried.size < tried.add(name).size;
    let [handle]: Handle[] = [];
    const fake = activities(glue, {
      tellRuns: (settings, given) =>
        first('tellRuns')
          ? unheard(handle, () => real.tellRuns(settings, given))
          : real.tellRuns(settings, given),
      stopGlueRuns: (settings, given) =>
        first('stopGlueRuns')
          ? unheard(handle, () => glue.activities.stopGlueRuns(settings, given))
          : glue.activities.stopGlueRuns(settings, given),
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      [handle] = await working(taskQueue, 1);
      const result = await shutDown(taskQueue);
      expect(result.runs.map(({ runId }) => runId)).toEqual([handle?.firstExecutionRunId]);
      expect(result.glueRuns).toMatchObject([{ jobRunId: 'jr_1', orphan: false }]);
    });
  });

  it.each([
    ['at work', '@every 1s'],
    ['waiting for its time', '0 3 29 2 *'],
  ])('ends a cron chain whose execution is %s', async (_state, cronSchedule) => {
    const glue = new GlueInHand('validation');
    await withWorker(server.env, activities(glue), async (taskQueue) => {
      const chain = await server.env.client.workflow.start('musicStreamingPipeline', {
        args: [{ trigger: 'cron' }],
        memo: { team: 'charts' },
        workflowId: `chain-${taskQueue}`,
        taskQueue,
        cronSchedule,
      });
      const isAtWork = cronSchedule === '@every 1s';
      if (isAtWork) await glueWorks(chain as Handle);
      const look = await shutDown(taskQueue, { ...who, dryRun: true });
      expect(look.chains).toMatchObject([{ workflowId: chain.workflowId, cron: cronSchedule }]);
      const result = await shutDown(taskQueue);
      expect(result.chains).toEqual(look.chains);
      expect(result.runs).toHaveLength(isAtWork ? 1 : 0);
      const last = await server.env.client.workflow.getHandle(chain.workflowId).describe();
      expect(last.status.name).toBe('TERMINATED');
      expect(glue.of('validation')).toEqual(isAtWork ? ['STOPPED'] : []);
    });
  });

  it('stops a run that began in the same second', async () => {
    const glue = new GlueInHand('validation');
    await withWorker(server.env, activities(glue), async (taskQueue) => {
      const [result, late] = await Promise.all([shutDown(taskQueue), startRun(server.env, taskQueue)]);
      expect(result.runs.map(({ runId }) => runId)).toEqual([late.firstExecutionRunId]);
      expect(await foundBy(late)).toMatchObject({ status: 'Stopped' });
    });
    expect(glue.of('validation').every((state) => state === 'STOPPED')).toBe(true);
  });

  it('stops a run that the server itself has paused', async () => {
    const glue = new GlueInHand('validation');
    await withWorker(server.env, activities(glue), async (taskQueue) => {
      const [handle] = await working(taskQueue, 1);
      const { workflowId = '', firstExecutionRunId: runId = '' } = handle ?? {};
      const { namespace, identity } = server.env.client.options;
      const pause = { namespace, identity, workflowId, runId, reason: 'by hand', requestId: runId };
      await server.env.client.workflowService.pauseWorkflowExecution(pause);
      const result = await shutDown(taskQueue);
      expect(result.runs).toMatchObject([{ workflowId, runId }]);
      if (handle !== undefined) expect(await foundBy(handle)).toMatchObject({ status: 'Stopped' });
    });
    expect(glue.of('validation')).toEqual(['STOPPED']);
  });

  it('stops Glue runs that no run watches, and sets their output aside', async () => {
    const glue = new GlueInHand('validation');
    const fake = activities(glue);
    await withWorker(server.env, fake, async (taskQueue) => {
      const [handle] = await working(taskQueue, 1);
      await handle?.terminate('by hand');
      const result = await shutDown(taskQueue);
      expect(result.runs).toEqual([]);
      expect(result.glueRuns).toMatchObject([{ jobRunId: 'jr_1', orphan: true }]);
    });
    expect(glue.of('validation')).toEqual(['STOPPED']);
    expect(fake.calls).toContain('secureStoppedRun');
  });

  it('goes on with what can be done when Glue and S3 answer errors, and names what could not', async () => {
    const glue = new GlueInHand('validation');
    const denied = (): Promise<never> =>
      Promise.reject(ApplicationFailure.nonRetryable('no', 'AccessDenied'));
    let refusals = 3;
    const fake = activities(glue, {
      stopGlueRuns: (settings, given) => {
        refusals -= 1;
        return refusals >= 0 ? denied() : glue.activities.stopGlueRuns(settings, given);
      },
      writeShutdownReport: denied,
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const [handle] = await working(taskQueue, 1);
      const failed: unknown = await shutDown(taskQueue).catch((error: unknown) => error);
      expect(failed).toMatchObject({
        cause: {
          type: 'ShutdownIncomplete',
          message: expect.stringMatching(
            /^Everything is stopped, but the report is missing\. write the report: AccessDenied: no\. .*msp resume --shutdown /,
          ),
          details: [expect.objectContaining({ runs: [expect.anything()], requestedAt: expect.any(String) })],
        },
      });
      if (handle !== undefined) expect(await foundBy(handle)).toMatchObject({ status: 'Stopped' });
    });
  });

  it('ends incomplete, with plan and report, when nothing but what Glue refuses to tell is left', async () => {
    const glue = new GlueInHand('validation');
    const [findings, saved]: [ShutdownFindings[], UndoPlan[]] = [[], []];
    let refuses = false;
    const fake = activities(glue, {
      ...impatient,
      findLiveGlueRuns: (given) =>
        refuses
          ? Promise.reject(ApplicationFailure.nonRetryable('glue:GetJobRuns is denied', 'AccessDenied'))
          : glue.activities.findLiveGlueRuns(given),
      saveUndoPlan: (_settings, plan) => {
        saved.push(plan);
        return Promise.resolve();
      },
      writeShutdownReport: (_settings, given) => {
        findings.push(given);
        return Promise.resolve({ report: 'r.json', markdown: 'r.md', plan: 'p.json' });
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const [handle] = await working(taskQueue, 1);
      refuses = true;
      const failed: unknown = await shutDown(taskQueue).catch((error: unknown) => error);
      expect(failed).toMatchObject({
        cause: {
          type: 'ShutdownIncomplete',
          message: expect.stringMatching(
            /^Not all .*stop the Glue runs: AccessDenied: glue:GetJobRuns is denied\. The report is r\.md\. .*msp resume --shutdown \S+$/,
          ),
        },
      });
      if (handle !== undefined) expect(await foundBy(handle)).toMatchObject({ status: 'Stopped' });
      const runs = [{ runId: handle?.firstExecutionRunId }];
      expect(saved).toMatchObject([{ unfinished: true, runs }]);
      expect(findings).toMatchObject([
        {
          plan: { runs },
          requestedAt: null,
          stillOpen: [],
          problems: { 'stop the Glue runs': 'AccessDenied: glue:GetJobRuns is denied' },
        },
      ]);
      expect(findings[0]?.plan).not.toHaveProperty('unfinished');
    });
  });

  it('waits for a Glue run that is stopping, however long something else fails', async () => {
    const glue = new GlueInHand('validation');
    const fake = activities(glue, {
      ...impatient,
      stopGlueRuns: () => Promise.resolve(),
      pauseProcedures: () =>
        Promise.reject(ApplicationFailure.nonRetryable('no answer', 'ServiceUnavailable')),
    });
    const looks = (): number => fake.calls.filter((name) => name === 'pauseProcedures').length;
    await withWorker(server.env, fake, async (taskQueue) => {
      const [handle] = await working(taskQueue, 1);
      await handle?.terminate('by hand');
      const end = shutDown(taskQueue).then(
        () => 'complete',
        () => 'incomplete',
      );
      // Of the second look it has been said already that the step may fail no longer while nothing else is waited for.
      await until('a third look', () => looks() >= 3);
      expect((await server.env.client.workflow.getHandle(`shutdown-${asked}`).describe()).status.name).toBe(
        'RUNNING',
      );
      const { open } = await server.env.client.workflow
        .getHandle(`shutdown-${asked}`)
        .query<ShutdownStatus>('status');
      expect(open).toEqual(['jr_1']);
      glue.end();
      expect(await end).toBe('incomplete');
    });
  });

  it('only looks when it is a dry run', async () => {
    const glue = new GlueInHand('validation');
    const procedure = { workflowId: 'recovery', runId: 'r1', run: 'recovery-1' };
    const findOpenProcedures = (): Promise<FoundRun[]> => Promise.resolve([procedure]);
    await withWorker(server.env, activities(glue, { findOpenProcedures }), async (taskQueue) => {
      const [handle] = await working(taskQueue, 1);
      const result = await shutDown(taskQueue, { ...who, dryRun: true });
      expect(result).toMatchObject({ dryRun: true, report: null, requestedAt: null });
      expect(result.procedures).toEqual([procedure]);
      const look = server.env.client.workflow.getHandle(`shutdown-${asked}`);
      expect(await foundBy(look)).toMatchObject({ status: 'Completed' });
      const { currentDetails } = await look.query<{ currentDetails: string }>('__temporal_workflow_metadata');
      expect(currentDetails).toMatch(
        /runs to stop: 1[^]*procedures to pause: recovery-1[^]*nothing was stopped/,
      );
      expect(result.runs).toHaveLength(1);
      expect(result.glueRuns).toHaveLength(1);
      expect(glue.of('validation')).toEqual(['RUNNING']);
      glue.end();
      expect(await handle?.result()).toMatchObject({ outcome: 'published' });
    });
  });

  it('refuses a request without a reason, without an effect', async () => {
    await withWorker(server.env, activities(new GlueInHand()), async (taskQueue) => {
      await expect(shutDown(taskQueue, { by: 'ada', reason: '' })).rejects.toMatchObject({
        cause: { type: 'RequestInvalid', message: expect.stringMatching(/reason/) },
      });
    });
  });
});
