/**
 * Recovery of corrupted data: find what is not as its records say, restore it from copies or make it again, verify.
 *
 * What is looked for is in the activities, how it is repaired in `pipeline/recovery/plan.ts`. Plays and KPIs are made
 * again by ordinary runs of the pipeline: a file whose plays are lost is delivered again under its own key, marked so
 * that what it brings replaces what it brought before. Until such a run publishes, readers see the days as they were.
 */
import type { Verified } from '../../pipeline/procedures/activity-types.ts';
import type { PlanSummary } from '../../pipeline/procedures/plan.ts';
import { recoveryRequestSchema } from '../../pipeline/recovery/request.ts';
import type { ParsedRecoveryRequest, RecoveryRequest } from '../../pipeline/recovery/request.ts';
import { plural } from '../pipeline/summaries.ts';
import { long } from '../procedures/activities.ts';
import { now } from '../procedures/conversation.ts';
import { runProcedure } from '../procedures/procedure.ts';
import type { Ending, Procedure, ProcedureResult } from '../procedures/procedure.ts';
import { requestOf } from '../request.ts';

export async function dataRecovery(given: RecoveryRequest): Promise<ProcedureResult> {
  const request = requestOf(recoveryRequestSchema, given, 'recovery');
  return await runProcedure('dataRecovery', request, async (procedure) => {
    const agreed = await procedure.agree(() => plan(procedure, request));
    if ('outcome' in agreed) return agreed;

    procedure.enter('acting');
    await restore(procedure, agreed);
    await runAgain(procedure, agreed);

    procedure.enter('verifying');
    return await verify(procedure, request, agreed);
  });
}

async function plan(procedure: Procedure, request: ParsedRecoveryRequest): Promise<PlanSummary> {
  const { context } = procedure;
  await procedure.step('RDATA-1', async () => {
    const result = await long.examineData(context, { request, now: now() });
    const { files, days, objects, items, damages } = result;
    const looked = [
      plural(files, 'file'),
      plural(days, 'day'),
      plural(objects, 'object'),
      plural(items, 'item'),
    ].join(', ');
    return { result, summary: `looked at ${looked}; ${String(damages)} not as recorded` };
  });
  return await procedure.step('RDATA-2', async () => {
    const result = await long.planRecovery(context, { request });
    const { objects, days, lost } = result;
    return { result, summary: `${plural(objects, 'object')}, ${plural(days, 'day')}, ${String(lost)} lost` };
  });
}

async function restore(procedure: Procedure, { digest }: PlanSummary): Promise<void> {
  await procedure.step('RDATA-3', async () => {
    const result = await long.restoreObjects(procedure.context, { digest });
    const { restored, good, quarantined } = result;
    const said = `${String(restored)} restored, ${String(good)} good already, ${String(quarantined)} damaged ones set aside`;
    return { result, summary: said };
  });
}

async function runAgain(procedure: Procedure, { digest, runs }: PlanSummary): Promise<void> {
  if (runs === 0) {
    procedure.notNeeded('RDATA-4', 'nothing has to be computed again');
    return;
  }
  await procedure.step('RDATA-4', async (round) => {
    await procedure.untilEarlierRunsEnd(round);
    const { inputs, dates } = await long.returnInputs(procedure.context, { digest, now: now() });
    const days = new Set<string>();
    for (const [at, keys] of inputs.entries()) {
      const result = await procedure.pipelineRun('RDATA-4', `inputs-${String(at + 1)}`, {
        inputs: [...keys],
      });
      for (const { day } of result.days) days.add(day);
    }
    for (const [at, wanted] of dates.entries()) {
      const result = await procedure.pipelineRun('RDATA-4', `dates-${String(at + 1)}`, {
        dates: [...wanted],
      });
      for (const { day } of result.days) days.add(day);
    }
    return { result: undefined, summary: `new editions of ${plural(days.size, 'day')}` };
  });
}

async function verify(
  procedure: Procedure,
  request: ParsedRecoveryRequest,
  { digest }: PlanSummary,
): Promise<Ending> {
  const verified = await procedure.step('RDATA-5', async () => {
    const result = await long.verifyRecovery(procedure.context, { digest, request, now: now() });
    return { result, summary: [summaryOf(result), ...result.lines].join('; ') };
  });
  const incomplete = verified.remaining + verified.lost > 0;
  return { status: 'Completed', outcome: summaryOf(verified), incomplete };
}

function summaryOf({ remaining, differing, lost }: Verified): string {
  const whole = remaining === 0 && lost === 0 ? 'recovered' : 'recovered in part';
  const parts = [
    remaining === 0 ? '' : `${String(remaining)} things are still not as recorded`,
    lost === 0 ? '' : `${String(lost)} can't be recovered`,
    differing === 0
      ? 'all numbers are as before'
      : `the numbers of ${String(differing)} ${differing === 1 ? 'day' : 'days'} differ`,
  ];
  return [whole, ...parts.filter((part) => part !== '')].join('; ');
}
