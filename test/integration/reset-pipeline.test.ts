/** A pipeline that is reset while a run is in its way: stopped, set back, started anew, and right in every number. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { jsonOf, msp } from '../support/cli.ts';
import { differences } from '../support/stack/pipeline-stack.ts';
import { csv, plays } from '../support/data/small-world.ts';
import { pipelineStack } from '../support/suites/whole-stack.ts';
import { trueItemsOf } from '../support/data/truth.ts';

const [MONDAY, TUESDAY] = ['2024-07-01', '2024-07-02'] as const;

const FILES = {
  'monday.csv': csv(plays(1, 120, [MONDAY])),
  'across.csv': csv(plays(2, 60, [MONDAY, TUESDAY])),
};
const LATE = csv(plays(3, 60, [TUESDAY]));

describe('a pipeline that is reset', () => {
  const suite = pipelineStack();
  // It does not end by itself.
  const inTheWay = {
    kind: 'run',
    job: '*_validation',
    arguments: { '--run_token': 'in-the-way/*' },
    end: { state: 'SUCCEEDED', afterMs: 600_000 },
  };

  beforeAll(async () => {
    await suite.stack.deliverReference();
    for (const [name, content] of Object.entries(FILES)) await suite.stack.deliver(name, content);
    await suite.stack.run('first');
  });

  it('ends the run in its way, processes all days anew and takes the file that was claimed', async () => {
    await suite.stack.faults(inTheWay);
    await suite.stack.deliver('late.csv', LATE);
    await suite.stack.start('in-the-way');
    await suite.stack.glueWorks('in-the-way');
    await suite.stack.client.schedules.apply();

    suite.stack.sparkFor('validate_data', 'compute_kpis');
    const operator = suite.stack.running.environment.operator;
    const reset = await msp(operator, 'reset', '--all', '--reason', 'drill', '--yes', '-o', 'json');
    expect(reset).toMatchObject({ exitCode: 0 });
    expect(jsonOf(reset)).toMatchObject({
      status: 'Completed',
      outcome: 'reset; 2 runs completed',
      incomplete: false,
    });
    expect((await suite.stack.status('in-the-way')).status).toBe('Stopped');
    expect(await suite.stack.client.schedules.list()).toMatchObject([{ paused: false }]);

    const truth = await trueItemsOf([...Object.values(FILES), LATE]);
    expect(differences(truth, await suite.stack.items())).toEqual([]);
    expect(await suite.stack.keys('streams/')).toEqual([]);
  });
});
