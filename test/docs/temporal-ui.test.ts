/**
 * A run operated in the Temporal UI alone, and what the UI shows of the run's texts. MSP_SCREENSHOTS names a folder for
 * pictures of each step.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { csv, plays } from '../support/data/small-world.ts';
import { pipelineStack } from '../support/suites/whole-stack.ts';
import { chromiumPath, TemporalUi } from '../support/documents/temporal-ui.ts';

const browser = await chromiumPath();
if (browser === undefined) {
  console.warn(
    'The Temporal UI is not tested: CHROMIUM_PATH names no Chromium, and no package has one for this machine.',
  );
}

const RUN = 'from-the-ui';

(browser === undefined ? describe.skip : describe)('a run in the Temporal UI', () => {
  let ui: TemporalUi;
  const suite = pipelineStack({ leaving: () => ui.close() });
  beforeAll(async () => {
    ui = await TemporalUi.open(browser ?? '', suite.stack.running.stack.endpoints.temporalUi);
  });

  it('is started from the form', async () => {
    const type = 'musicStreamingPipeline';
    await ui.startWorkflow({ id: RUN, taskQueue: 'music_streaming', type, input: '{}' });
    await suite.stack.reaches(RUN, 'NeedsOperator');
  });

  it('says why it is parked and what can be done', async () => {
    await ui.visit(RUN);
    const details = await ui.currentDetails();
    await ui.picture('details-parked');
    expect(details).toMatch(/^NeedsOperator in check_reference_data/);
    expect(details).toMatch(/ReferenceDataInvalid[^]*No songs: s3:[^]*Deliver songs and users/);
    expect(details).toMatch(/retryStage: run the stage again[^]*abort: end the run/);
    expect(details).toMatch(/✓ init_s3_structure/);
    expect(await ui.query('status')).toMatch(/"status": "NeedsOperator"/);
    await ui.picture('query');
  });

  it('refuses a command that makes no sense, and says why', async () => {
    const said = await ui.refusal('approve', '{"by":"ada","reason":"by mistake"}');
    expect(said).toMatch(/not held at the quality gate; it is NeedsOperator in check_reference_data/);
    await ui.visit(RUN);
  });

  it('is retried by an update, from a form that says what each command takes', async () => {
    const end = { state: 'FAILED', category: 'OUT_OF_MEMORY_ERROR', errorMessage: 'Java heap space' };
    await suite.stack.faults({ kind: 'run', job: '*_validation', end });
    await suite.stack.deliverReference();
    await suite.stack.deliver('plays.csv', csv(plays(1, 5, ['2024-06-25'])));
    const offered = await ui.sendUpdate(
      'retryStage',
      '{"by":"ada","reason":"songs and users are there now"}',
    );
    expect(offered).toEqual(expect.arrayContaining([expect.stringMatching(/^abort\s+End the run, aborted/)]));
    expect(await suite.stack.reaches(RUN, 'NeedsOperator', 'validation')).toMatchObject({
      parked: { stage: 'validation', failure: { type: 'GlueOutOfMemory' } },
    });
    await ui.visit(RUN);
    expect(await ui.currentDetails()).toMatch(/Java heap space[^]*retryStage.*overrides/);
    await ui.picture('details-out-of-memory');
  });

  it('names stages and waits in its timeline', async () => {
    expect(await ui.timeline()).toMatch(/validation[^]*until an operator decides/);
    await ui.picture('timeline');
  });

  it('is ended by a signal', async () => {
    await ui.sendSignal('abort', '{"by":"ada","reason":"enough for today"}');
    await expect(suite.stack.result(RUN)).rejects.toMatchObject({
      cause: { message: 'Aborted by ada: enough for today' },
    });
    await ui.visit(RUN);
    expect(await ui.currentDetails()).toMatch(/^Aborted/);
    await ui.picture('details-aborted');
  });

  it('is reset to its beginning, and does not follow the commands of its former life', async () => {
    await ui.resetToBeginning('a bad worker build');
    expect(await suite.stack.reaches(RUN, 'NeedsOperator', 'validation')).toMatchObject({ round: 1 });
    expect((await suite.stack.client.glue.list(10)).map(({ state }) => state)).toEqual(['FAILED', 'FAILED']);
    await ui.visit(RUN);
    expect(await ui.currentDetails()).toMatch(/^NeedsOperator in validation/);
  });
});
