/** The situations of procedures, each with a plan that an operator approves. */
import type { UndoPlan } from '../../pipeline/shutdown.ts';
import { statusQuery, updates } from '../../workflows/procedures/messages.ts';
import { digest, fakeProcedures } from '../support/fakes/fake-procedures.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { until } from '../support/until.ts';
import type { Recording } from './scene.ts';

const who = { by: 'ada', reason: 'a disk has failed' };
const approval = { by: 'grace', reason: 'looks right', digest: digest('a') };

const stopped = { workflowId: 'a-run', runId: 'its-run-id', run: 'a-run-1' };
const undoPlan: UndoPlan = {
  version: 1,
  shutdown: 'a-shutdown',
  ...who,
  stoppedAt: '2026-01-01T00:00:00.000Z',
  schedules: { paused: ['test-daily'], pausedBefore: [] },
  runs: [stopped],
  procedures: [],
  chains: [],
};

/** Paused while it asks, resumed, approved, carried out. */
function approved(workflowType: string, request: object): Recording {
  return async (env) => {
    let looks = 0;
    const fake = fakeProcedures({
      readUndoPlan: () => Promise.resolve(undoPlan),
      // Before its plan and before it acts all is stopped; afterwards nothing is.
      findStillStopped: () => {
        looks += 1;
        const left = looks > 2 ? [] : [stopped];
        return Promise.resolve({
          runs: left,
          schedules: left.map(() => 'test-daily'),
          procedures: [],
          chains: [],
        });
      },
    });
    return await withWorker(env, fake, async (taskQueue) => {
      const handle = await env.client.workflow.start(workflowType, {
        args: [{ ...who, ...request }],
        taskQueue,
        workflowId: 'procedure',
      });
      await until('it asks', async () => (await handle.query(statusQuery)).waiting ?? undefined);
      await handle.executeUpdate(updates.pause, { args: [who] });
      await handle.executeUpdate(updates.resume, { args: [who] });
      await handle.executeUpdate(updates.approve, { args: [approval] });
      await handle.result();
      return { workflowId: handle.workflowId, runId: handle.firstExecutionRunId };
    });
  };
}

export const PROCEDURE_SITUATIONS = [
  { name: 'data-recovered', record: approved('dataRecovery', { find: true }) },
  { name: 'pipeline-reset', record: approved('pipelineReset', { dates: ['2024-06-25'] }) },
  { name: 'shutdown-undone', record: approved('shutdownRecovery', { shutdown: 'a-shutdown' }) },
] as const;
