/**
 * Recovery of corrupted data: find what is not as its records say, restore it from copies or make it again, verify.
 *
 * What is looked for is in the activities, how it is repaired in `pipeline/recovery/plan.ts`. Plays and KPIs are made
 * again by ordinary runs of the pipeline: a file whose plays are lost is delivered again under its own key, marked so
 * that what it brings replaces what it brought before. Until such a run publishes, readers see the days as they were.
 */
import { ApplicationFailure } from '@temporalio/workflow';
import type { Rerun, Verified } from '../../pipeline/procedures/activity-types.ts';
import type { PlanSummary } from '../../pipeline/procedures/plan.ts';
import { recoveryRequestSchema } from '../../pipeline/recovery/request.ts';
import type { ParsedRecoveryRequest, RecoveryRequest } from '../../pipeline/recovery/request.ts';
import { long } from '../procedures/activities.ts';
import { runProcedure } from '../procedures/procedure.ts';
import type { Ending, Procedure, ProcedureResult } from '../procedures/procedure.ts';
import { now } from '../shared/clock.ts';
import { plural } from '../../pipeline/format.ts';
import { requestOf } from '../shared/request.ts';

/** Files named in a message; the plan has them all. */
const NAMED = 5;

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
    return { result, summary: `looked at ${looked}; ${damages} not as recorded` };
  });
  return await procedure.step('RDATA-2', async () => {
    const result = await long.planRecovery(context, { request });
    const { objects, days, lost } = result;
    return { result, summary: `${plural(objects, 'object')}, ${plural(days, 'day')}, ${lost} lost` };
  });
}

async function restore(procedure: Procedure, { digest }: PlanSummary): Promise<void> {
  await procedure.step('RDATA-3', async () => {
    const result = await long.restoreObjects(procedure.context, { digest });
    const { restored, good, quarantined } = result;
    const said = `${restored} restored, ${good} good already, ${quarantined} damaged ones set aside`;
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
    const days = new Set<string>();
    let unnamed = 0;
    const runs = { inputs: 0, dates: 0 };
    const run = async (what: 'inputs' | 'dates', named: readonly string[]): Promise<void> => {
      runs[what] += 1;
      const label = `${what}-${runs[what]}`;
      const result = await procedure.pipelineRun('RDATA-4', label, { [what]: [...named] });
      for (const { day } of result.days) days.add(day);
      // Days that a result does not name count as often as runs have changed them.
      unnamed += result.dayCount - result.days.length;
    };
    let left = await long.returnInputs(procedure.context, { digest, now: now() });
    for (;;) {
      for (const keys of left.inputs) await run('inputs', keys);
      for (const wanted of left.dates) await run('dates', wanted);
      const before = countOf(left);
      left = await long.returnInputs(procedure.context, { digest, now: now() });
      if (countOf(left) === 0) break;
      if (countOf(left) >= before) throw leftBehind(left);
    }
    return { result: undefined, summary: `new editions of ${plural(days.size + unnamed, 'day')}` };
  });
}

function countOf({ inputs, dates }: Rerun): number {
  return inputs.flat().length + dates.flat().length;
}

/** Runs have completed without these: other runs had them, or somebody let a stage out. */
function leftBehind({ inputs, dates }: Rerun): ApplicationFailure {
  const all = [...inputs.flat(), ...dates.flat()];
  const named = all.slice(0, NAMED).join(', ');
  const more = all.length > NAMED ? ` and ${all.length - NAMED} more` : '';
  return ApplicationFailure.nonRetryable(
    `The runs have completed without having processed ${named}${more}`,
    'RunNotCompleted',
  );
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
    remaining === 0 ? '' : `${remaining} things are still not as recorded`,
    lost === 0 ? '' : `${lost} can't be recovered`,
    differing === 0 ? 'all numbers are as before' : `the numbers of ${plural(differing, 'day')} differ`,
  ];
  return [whole, ...parts.filter((part) => part !== '')].join('; ');
}
