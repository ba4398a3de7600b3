/** What a shutdown writes down of the runs that it stopped: real storage, no runs. */
import { describe, expect, it } from '@jest/globals';
import { createShutdownReportActivities } from '../../activities/storage/shutdown-report.ts';
import { layout } from '../../pipeline/layout.ts';
import { undoPlanSchema } from '../../pipeline/shutdown.ts';
import type { ShutdownFindings } from '../../pipeline/shutdown.ts';
import { LATE, MONDAY, NOW } from '../support/data/published-world.ts';
import { publishedWorld } from '../support/suites/storage.ts';

/** The run of the world that has ended with a claim, and one whose records are damaged. */
const [CLAIMING, DAMAGED] = ['ended-00000002', 'damaged-00000003'] as const;

function findings(shutdown: string): ShutdownFindings {
  const run = (id: string): ShutdownFindings['plan']['runs'][number] => ({
    workflowId: id,
    runId: id,
    run: id,
  });
  return {
    plan: {
      ...{ version: 1, shutdown, by: 'ada', reason: 'drill', stoppedAt: NOW },
      schedules: { paused: ['daily'], pausedBefore: [] },
      runs: [run(CLAIMING), run(DAMAGED)],
      procedures: [],
      chains: [],
    },
    requestedAt: null,
    finishedAt: NOW,
    glueRuns: [],
    orphanObjects: 0,
    tableItems: 1,
    pollers: [],
    stillOpen: ['jr_left'],
    problems: { 'stop the Glue runs': 'AccessDenied: glue:BatchStopJobRun' },
  };
}

describe('the report of a shutdown', () => {
  const suite = publishedWorld();

  it("says what each run had done, its days and editions, and names what it can't read", async () => {
    const record = {
      ...{ version: 1, stoppedAt: NOW, stage: 'kpi_computation', jobRunIds: [], quarantined: [] },
      checkpoints: [
        {
          ...{ stage: 'publish_plays', outcome: 'done', summary: '' },
          result: { days: [{ day: MONDAY, edition: 2 }], dayCount: 1 },
        },
      ],
    };
    await suite.world.put(layout.runRecord(CLAIMING, `stopped/${NOW}`), JSON.stringify(record));
    await suite.world.put(layout.runRecord(DAMAGED, 'inputs'), '{oops');
    const { writeShutdownReport } = createShutdownReportActivities(suite.world.worker);
    const written = await suite.world.run(writeShutdownReport, suite.world.context.settings, findings('s1'));

    expect(undoPlanSchema.parse(await suite.world.json(written.plan)).runs).toHaveLength(2);
    expect(await suite.world.json(written.report)).toMatchObject({
      runs: [
        { days: [{ day: MONDAY, edition: 2 }], claims: [LATE], unreadable: [] },
        { days: [], claims: [], unreadable: [layout.runRecord(DAMAGED, 'inputs')] },
      ],
    });
    const page = (await suite.world.read(written.markdown))?.toString();
    expect(page).toContain(`stopped in kpi_computation, 1 stages done, ${MONDAY} published as edition 2`);
    expect(page).toContain(`can't be read: ${layout.runRecord(DAMAGED, 'inputs')}`);
    expect(page).toContain('Not everything could be told to stop');
    expect(page).toContain('could not stop the Glue runs: AccessDenied: glue:BatchStopJobRun');
    expect(page).toContain('not known to have ended: jr_left');
  });
});
