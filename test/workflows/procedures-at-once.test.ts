/** One procedure at a time works on the same, whatever workflow ids they were started with. */
import { describe, expect, it } from '@jest/globals';
import { createEarlierProcedureActivities } from '../../activities/temporal/earlier-procedure.ts';
import type { RecoveryRequest } from '../../pipeline/recovery/request.ts';
import type { UndoPlan } from '../../pipeline/shutdown.ts';
import type { dataRecovery } from '../../workflows/data-recovery/workflow.ts';
import type { pipelineReset } from '../../workflows/pipeline-reset/workflow.ts';
import { updates } from '../../workflows/procedures/messages.ts';
import type { shutdownRecovery } from '../../workflows/shutdown-recovery/workflow.ts';
import { digest, fakeProcedures } from '../support/fakes/fake-procedures.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { acting, held, reaches } from '../support/temporal/started-procedure.ts';
import type { Handle } from '../support/temporal/started-procedure.ts';
import { devServer } from '../support/suites/dev-server.ts';
import { until } from '../support/until.ts';

const who = { by: 'ada', reason: 'a disk has failed' };
const approval = { by: 'bea', reason: 'looks right' };

const undoPlan: UndoPlan = {
  ...{ version: 1, shutdown: 'a-shutdown', ...who, stoppedAt: '2026-01-01T00:00:00.000Z' },
  ...{ schedules: { paused: [], pausedBefore: [] }, runs: [], procedures: [], chains: [] },
};

describe('a procedure beside another one, under another workflow id', () => {
  const server = devServer();
  const start = async (
    taskQueue: string,
    id: string,
    request: Partial<RecoveryRequest> = {},
  ): Promise<Handle> =>
    await server.env.client.workflow.start<typeof dataRecovery>('dataRecovery', {
      args: [{ ...who, find: true, ...request }],
      taskQueue,
      workflowId: `${taskQueue}-${id}`,
    });

  it('ends before it does anything, and names the one that began first', async () => {
    const fake = fakeProcedures({
      ...createEarlierProcedureActivities(),
      readUndoPlan: () => Promise.resolve(undoPlan),
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const first = await start(taskQueue, 'a');
      const { id } = await reaches(first, 'AwaitingApproval');
      await until('it is listed', async () => {
        const query = `WorkflowId = '${first.workflowId}' AND PipelineStatus = 'AwaitingApproval'`;
        return (await server.env.client.workflow.count(query)).count > 0;
      });
      const reset = await server.env.client.workflow.start<typeof pipelineReset>('pipelineReset', {
        args: [{ ...who, dates: ['2024-07-01'], approve: { digest: digest('a') } }],
        taskQueue,
        workflowId: `${taskQueue}-b`,
      });
      await expect(reset.result()).rejects.toMatchObject({
        cause: {
          type: 'ProcedureAtWork',
          message: expect.stringMatching(
            new RegExp(
              `^Procedure ${id} \\(dataRecovery, workflow id ${first.workflowId}\\) is at work .* by ada: a disk has failed\\. .*msp procedures abort ${id};`,
            ),
          ),
        },
      });
      expect(fake.calls).not.toContain('planReset');
      expect(fake.reports).toMatchObject([{ procedure: 'pipelineReset', status: 'Failed' }]);
      // It changes nothing.
      const look = await start(taskQueue, 'c', { dryRun: true });
      expect(await look.result()).toMatchObject({ status: 'Planned' });
      // What undoes a shutdown works on something else.
      const undo = await server.env.client.workflow.start<typeof shutdownRecovery>('shutdownRecovery', {
        args: [{ ...who, shutdown: 'a-shutdown', dryRun: false, approve: { digest: digest('a') } }],
        taskQueue,
        workflowId: `${taskQueue}-d`,
      });
      expect(await undo.result()).toMatchObject({ status: 'Completed' });

      await first.executeUpdate(updates.approve, { args: [{ ...approval, digest: digest('a') }] });
      expect(await first.result()).toMatchObject({ status: 'Completed' });
      // The list may still have the one that has ended.
      const next = await start(taskQueue, 'e', { approve: { digest: digest('a') } });
      expect(await next.result()).toMatchObject({ status: 'Completed' });
    });
  });

  it('lets one act of several that begin at once', async () => {
    const restoring = held({ restored: 1, good: 0, quarantined: 0 });
    const fake = fakeProcedures({
      ...createEarlierProcedureActivities(),
      restoreObjects: restoring.activity,
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const approve = { digest: digest('a') };
      const all = await Promise.all(['a', 'b', 'c', 'd'].map((id) => start(taskQueue, id, { approve })));
      await restoring.begun;
      const ended = all.map((handle) =>
        handle.result().then(
          ({ status }) => status,
          () => 'refused',
        ),
      );
      await until('the others have ended', async () => {
        const described = await Promise.all(all.map((handle) => handle.describe()));
        return described.filter(({ status }) => status.name === 'FAILED').length === 3;
      });
      restoring.release();
      expect((await Promise.all(ended)).sort()).toEqual(['Completed', 'refused', 'refused', 'refused']);
      expect(acting(fake.calls)).toEqual(['restoreObjects', 'verifyRecovery']);
    });
  });
});
