/**
 * The undoing of an emergency shutdown: the runs that it stopped go on where they stood, the schedules that it paused
 * are resumed. What was paused before stays paused; what somebody has brought back or changed meanwhile is left alone.
 */
import { ApplicationFailure } from '@temporalio/workflow';
import type { Undo } from '../../pipeline/procedures/activity-types.ts';
import { shutdownMark, undoRequestSchema } from '../../pipeline/shutdown.ts';
import type { UndoPlan, UndoRequest } from '../../pipeline/shutdown.ts';
import { quick } from '../procedures/activities.ts';
import { runProcedure } from '../procedures/procedure.ts';
import type { ProcedureResult } from '../procedures/procedure.ts';
import { plural } from '../../pipeline/format.ts';
import { requestOf } from '../shared/request.ts';

export async function shutdownRecovery(given: UndoRequest): Promise<ProcedureResult> {
  const request = requestOf(undoRequestSchema, given, 'undoing');
  return await runProcedure('shutdownRecovery', request, async (procedure) => {
    const { context } = procedure;
    let stopped: { plan: UndoPlan; undo: Undo } | undefined;
    const agreed = await procedure.agree(() =>
      procedure.step('UNDO-0', async () => {
        const plan = await quick.readUndoPlan(context, { shutdown: request.shutdown });
        const undo = await quick.findStillStopped(context, plan);
        stopped = { plan, undo };
        const result = await quick.planUndo(context, stopped);
        return { result, summary: said(undo) };
      }),
    );
    if ('outcome' in agreed || stopped === undefined) {
      return 'outcome' in agreed ? agreed : { status: 'Completed', outcome: 'nothing to do' };
    }
    const { plan, undo } = stopped;
    procedure.enter('acting');
    // Runs first: a schedule that fires before them would take their files over.
    await procedure.step('UNDO-1', async () => {
      const result = await quick.resumeRuns(context, { runs: undo.runs });
      return { result, summary: `${plural(result.resumed, 'run goes', 'runs go')} on` };
    });
    await procedure.step('UNDO-2', async () => {
      const { by, reason } = request;
      await quick.unpauseProcedures(context, { procedures: undo.procedures, by, reason });
      const note = `Shutdown ${request.shutdown} undone by ${request.by}: ${request.reason}`;
      const mark = shutdownMark(request.shutdown);
      await quick.startChains(context, { chains: undo.chains });
      await quick.unpauseSchedules(context, { schedules: undo.schedules, note, mark });
      return { result: undefined, summary: said({ ...undo, runs: [] }) };
    });
    procedure.enter('verifying');
    await procedure.step('UNDO-3', async () => {
      const left = await quick.findStillStopped(context, { ...plan, resumed: undo.runs });
      if (left.runs.length + left.schedules.length + left.procedures.length + left.chains.length > 0) {
        const message = `These do not go on: ${said(left)}`;
        throw ApplicationFailure.nonRetryable(message, 'UnexpectedError');
      }
      return { result: undefined, summary: 'nothing of it is stopped any more' };
    });
    return { status: 'Completed', outcome: `brought back: ${said(undo)}` };
  });
}

function said({ runs, schedules, procedures, chains }: Undo): string {
  const names = [
    ...runs.map(({ workflowId }) => `run ${workflowId}`),
    ...procedures.map(({ run, workflowId }) => `procedure ${run ?? workflowId}`),
    ...schedules.map((id) => `schedule ${id}`),
    ...chains.map(({ workflowId, cron }) => `cron chain ${workflowId} (${cron})`),
  ];
  return names.length === 0 ? 'nothing' : names.join(', ');
}
