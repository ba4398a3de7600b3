import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { closedRuns } from '../../activities/temporal/runs.ts';
import type { Owner } from '../../pipeline/inputs.ts';
import type { PipelineRequest } from '../../pipeline/request.ts';
import { updates } from '../../workflows/pipeline/messages.ts';
import { ordinarySettings } from '../support/fakes/fake-activities.ts';
import type { FakeActivities, Replacements } from '../support/fakes/fake-activities.ts';
import { GlueInHand } from '../support/fakes/glue-in-hand.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { foundBy } from '../support/temporal/search-attributes.ts';
import { activitiesOver, glueWorks, startRun } from '../support/temporal/started-run.ts';
import type { Handle } from '../support/temporal/started-run.ts';
import { devServer } from '../support/suites/dev-server.ts';
import { until } from '../support/until.ts';

const who = { by: 'ada', reason: 'not today' };

describe('a cron chain', () => {
  const server = devServer();
  let workflowId = '';
  /** Who has claimed, in order, and what Temporal said of those that had claimed before. */
  let claims: { owner: Owner; takenOver: readonly string[] }[] = [];

  beforeEach(() => {
    workflowId = `chain-${randomUUID()}`;
    claims = [];
  });

  afterEach(async () => {
    await server.env.client.workflow
      .getHandle(workflowId)
      .terminate()
      .catch(() => undefined);
  });

  /** Runs claim what those before them have claimed; only those of the chain have anything to validate. */
  function over(glue: GlueInHand, replacements: Replacements = {}): FakeActivities {
    return activitiesOver(glue, {
      prepareData: async ({ owner }) => {
        const others = claims.map((claim) => claim.owner).filter(({ run }) => run !== owner.run);
        claims.push({ owner, takenOver: await closedRuns(others) });
        const toValidate = owner.workflowId === workflowId ? 1 : 0;
        return { toValidate, redelivered: 1, retiring: 0, deferred: 0, bytes: 1 };
      },
      ...replacements,
    });
  }

  async function chain(taskQueue: string, seconds: number, request?: PipelineRequest): Promise<Handle> {
    const handle = await server.env.client.workflow.start('musicStreamingPipeline', {
      args: request === undefined ? [] : [request],
      taskQueue,
      workflowId,
      cronSchedule: `@every ${seconds}s`,
    });
    return handle as Handle;
  }

  async function claimed(count: number): Promise<Owner> {
    return await until(`${count} runs have claimed`, () => claims[count - 1]?.owner);
  }

  it('makes each execution a run of its own, which takes over what a failed one before it had claimed', async () => {
    const glue = new GlueInHand('validation');
    await withWorker(server.env, over(glue), async (taskQueue) => {
      const handle = await chain(taskQueue, 2);
      const first = await claimed(1);
      await glueWorks(handle);
      expect(await foundBy(handle)).toMatchObject({ trigger: 'cron' });
      await handle.executeUpdate(updates.abort, { args: [who] });
      const second = await claimed(2);
      await glueWorks(handle);
      glue.end();
      expect(second.run).not.toBe(first.run);
      expect(second.originalRunId).not.toBe(first.originalRunId);
      expect(claims[1]?.takenOver).toEqual([first.run]);
      const third = await claimed(3);
      expect(claims[2]?.takenOver).toEqual([first.run, second.run]);
      expect(third.run).not.toBe(second.run);
    });
    const ids = claims.map(({ owner }) => owner.originalRunId);
    const tokens = glue.runs.filter(({ stage }) => stage === 'validation').map(({ token }) => token);
    expect(tokens.slice(0, 2)).toEqual(ids.slice(0, 2).map((id) => `${workflowId}/${id}/validation/1`));
  });

  it('holds neither claims nor Glue runs of its last execution while the next one waits for its time', async () => {
    const glue = new GlueInHand('validation');
    const leaves: Replacements = {
      // The run can't stop its Glue run; whoever finds it later can.
      stopGlueRun: (context, run) =>
        run.orphan === true
          ? glue.activities.stopGlueRun(context, run)
          : Promise.resolve({ jobRunIds: [] as string[] }),
    };
    await withWorker(server.env, over(glue, leaves), async (taskQueue) => {
      const handle = await chain(taskQueue, 10);
      const first = await claimed(1);
      await glueWorks(handle);
      await (await startRun(server.env, taskQueue)).result();
      expect(claims[1]?.takenOver).toEqual([]);
      expect(glue.of('validation')).toEqual(['RUNNING']);
      const atWork = (await handle.describe()).runId;
      await handle.executeUpdate(updates.abort, { args: [who] });
      await until('the next one waits', async () =>
        (await handle.describe()).runId === atWork ? undefined : true,
      );
      await (await startRun(server.env, taskQueue)).result();
      expect(claims[2]?.takenOver).toContain(first.run);
      expect(glue.of('validation')).toEqual(['STOPPED']);
    });
  });

  it('keeps id and tokens of an execution that is reset, and goes on after it', async () => {
    const glue = new GlueInHand('validation');
    await withWorker(server.env, over(glue), async (taskQueue) => {
      const handle = await chain(taskQueue, 3);
      const first = await claimed(1);
      await glueWorks(handle);
      const { events } = await handle.fetchHistory();
      const stepped = events?.find(({ workflowTaskCompletedEventAttributes: step }) => Boolean(step));
      await server.env.client.workflowService.resetWorkflowExecution({
        namespace: 'default',
        workflowExecution: { workflowId, runId: handle.firstExecutionRunId },
        reason: 'to see the token again',
        workflowTaskFinishEventId: stepped?.eventId ?? null,
        requestId: randomUUID(),
      });
      expect(await claimed(2)).toEqual(first);
      await glueWorks(handle);
      expect(glue.of('validation')).toEqual(['RUNNING']);
      glue.end();
      expect((await claimed(3)).run).not.toBe(first.run);
    });
  });

  it('goes on with a closed run once: its later executions begin anew', async () => {
    const glue = new GlueInHand('validation');
    await withWorker(server.env, over(glue), async (taskQueue) => {
      const stopped = await startRun(server.env, taskQueue, {}, workflowId);
      const { run } = await claimed(1);
      await glueWorks(stopped);
      await stopped.terminate('by hand');
      const handle = await chain(taskQueue, 2, { resumeFrom: { runId: stopped.firstExecutionRunId } });
      await glueWorks(handle);
      expect(glue.of('validation')).toEqual(['RUNNING']);
      glue.end();
      expect((await claimed(2)).run).not.toBe(run);
    });
  });

  it('lasts: a run in it stays in its history', async () => {
    const glue = new GlueInHand();
    const short: Replacements = {
      readRunSettings: () => Promise.resolve({ ...ordinarySettings, historySteps: 5 }),
    };
    await withWorker(server.env, over(glue, short), async (taskQueue) => {
      const handle = await chain(taskQueue, 1);
      await claimed(2);
      const first = server.env.client.workflow.getHandle(workflowId, handle.firstExecutionRunId);
      expect((await first.describe()).status.name).toBe('COMPLETED');
    });
  });
});

describe('a run that moves to a new history', () => {
  const server = devServer();

  it('stays the owner of its claims, for others too', async () => {
    const glue = new GlueInHand('dynamodb_load');
    const owners: Owner[] = [];
    const closed: string[] = [];
    const fake = activitiesOver(glue, {
      readRunSettings: () => Promise.resolve({ ...ordinarySettings, historySteps: 10 }),
      prepareData: async ({ owner }) => {
        const [first] = owners;
        closed.push(...(await closedRuns(first === undefined ? [] : [first])));
        if (first === undefined) owners.push(owner);
        return {
          toValidate: first === undefined ? 1 : 0,
          redelivered: 1,
          retiring: 0,
          deferred: 0,
          bytes: 1,
        };
      },
      updateProcessingState: ({ owner }) => {
        owners.push(owner);
        return Promise.resolve(null);
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const run = await startRun(server.env, taskQueue);
      await glueWorks(run, 'dynamodb_load');
      expect((await run.describe()).runId).not.toBe(run.firstExecutionRunId);
      await (await startRun(server.env, taskQueue)).result();
      glue.end();
      await run.result();
    });
    expect(closed).toEqual([]);
    expect(owners[2]).toEqual(owners[0]);
    expect(glue.runs.every(({ token }) => token.includes(`/${owners[0]?.originalRunId ?? ''}/`))).toBe(true);
  });
});
