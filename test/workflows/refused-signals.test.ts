import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { signals, statusQuery, timelineQuery, updates } from '../../workflows/pipeline/messages.ts';
import type { TimelineEntry } from '../../workflows/shared/timeline.ts';
import { archiveMismatch, archivingFailsOnce, fakeActivities } from '../support/fakes/fake-activities.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { parks, seen, startRun } from '../support/temporal/started-run.ts';
import type { Handle } from '../support/temporal/started-run.ts';
import { devServer } from '../support/suites/dev-server.ts';
import { until } from '../support/until.ts';

const who = { by: 'ada', reason: 'seen to it' };

describe('a signal that a run can not follow', () => {
  const server = devServer();

  async function refused(handle: Pick<WorkflowHandle, 'query'>, count: number): Promise<TimelineEntry[]> {
    return await until(`${count} signals are refused`, async () => {
      const timeline = await handle.query(timelineQuery);
      const found = timeline.filter((entry) => entry.refused === true);
      return found.length < count ? undefined : found;
    });
  }

  async function details({ workflowId }: Handle): Promise<string> {
    const metadata = await server.env.client.workflow
      .getHandle(workflowId)
      .query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    return metadata.currentDetails ?? '';
  }

  it('leaves a line with who, what and why not, whatever is wrong with it', async () => {
    await withWorker(server.env, fakeActivities(archivingFailsOnce()), async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      const { workflowId, firstExecutionRunId: runId } = handle;
      await parks(handle);
      const { run } = await handle.query(statusQuery);
      await handle.signal(signals.approve, who);
      await handle.signal('retryStage', 'not an object');
      await handle.signal('abort', { ...who, force: true });
      await handle.signal(signals.abort, { ...who, run: 'another-run' });
      await handle.signal(signals.abort, { ...who, runId: 'another-execution' });
      await handle.signal('retyrStage', who);
      await server.env.client.workflowService.signalWorkflowExecution({
        namespace: 'default',
        workflowExecution: { workflowId },
        signalName: 'abort',
        input: {
          payloads: [{ metadata: { encoding: Buffer.from('binary/unknown') }, data: Buffer.from('?') }],
        },
      });
      const lines = await refused(handle, 7);
      const said = (text: RegExp): TimelineEntry | undefined => lines.find(({ what }) => text.test(what));
      expect(said(/^signal approve was not followed: .*not held at the quality gate/)).toMatchObject(who);
      expect(said(/^signal retryStage was not followed: retryStage takes one JSON object/)).toBeDefined();
      expect(said(/^signal abort was not followed: .*force/)).toMatchObject(who);
      expect(
        said(new RegExp(`^signal abort .* The command is for another-run; this is ${run}\\.`)),
      ).toMatchObject(who);
      expect(
        said(new RegExp(`^signal abort .* for execution another-execution; this is ${runId}\\.`)),
      ).toMatchObject(who);
      expect(
        said(/^signal retyrStage was not followed: there is no such command; it takes pause/),
      ).toMatchObject(who);
      expect(
        said(/^signal abort was not followed: Its payload can't be read: .*binary\/unknown/),
      ).toBeDefined();
      expect(await details(handle)).toMatch(
        /Not followed:[^]*signal approve was not followed[^]*`ada: seen to it`/,
      );
      expect((await handle.query(statusQuery)).status).toBe('NeedsOperator');
      await handle.signal(signals.retryStage, { ...who, run });
      expect(await handle.result()).toMatchObject({ outcome: 'published' });
      expect(await details(handle)).toMatch(/^### Completed\n\n`published`/);
    });
  });

  it('can come again and again: the last ten stand beside what has happened', async () => {
    const fake = fakeActivities({ archiveInputs: () => Promise.reject(archiveMismatch) });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await parks(handle);
      const before = await handle.query(timelineQuery);
      const senders = Array.from({ length: 30 }, (_, at) => `${at}${'x'.repeat(500)}`);
      for (const by of senders) await handle.signal('approve', { by, reason: 'y'.repeat(5000) });
      const last = senders.at(-1)?.slice(0, 20) ?? '';
      await until('the last one is refused', async () =>
        (await handle.query(timelineQuery)).some(({ by }) => by?.startsWith(last) === true)
          ? true
          : undefined,
      );
      const after = await handle.query(timelineQuery);
      expect(after).toHaveLength(before.length + 10);
      expect(after.slice(0, before.length)).toEqual(before);
      expect(JSON.stringify(after.slice(before.length)).length).toBeLessThan(12_000);
      await handle.terminate();
    });
  });

  it('because the run was reset says so', async () => {
    const fake = fakeActivities({ archiveInputs: () => Promise.reject(archiveMismatch) });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      const { workflowId, firstExecutionRunId: runId } = handle;
      await parks(handle);
      await handle.signal(signals.pause, { ...who, runId });
      await seen(handle, 'it is paused', ({ paused }) => paused !== null);
      const { events } = await handle.fetchHistory();
      const stepped = events?.find(({ workflowTaskCompletedEventAttributes: step }) => Boolean(step));
      const answer = await server.env.client.workflowService.resetWorkflowExecution({
        namespace: 'default',
        workflowExecution: { workflowId, runId },
        reason: 'again',
        workflowTaskFinishEventId: stepped?.eventId ?? null,
        requestId: randomUUID(),
      });
      const again = server.env.client.workflow.getHandle(workflowId, answer.runId);
      const [line] = await refused(again, 1);
      expect(line).toMatchObject({
        ...who,
        what: `signal pause was not followed: The command is for execution ${runId}; this is ${answer.runId}.`,
      });
      await again.executeUpdate(updates.abort, { args: [{ ...who, runId: answer.runId }] });
    });
  });
});
