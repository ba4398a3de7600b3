/**
 * A run operated in the Temporal UI alone, and what the UI shows of the run's texts. Needs a Chromium on the machine;
 * MSP_SCREENSHOTS names a folder for pictures of each step.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PipelineStack } from '../support/pipeline-stack.ts';
import { csv, plays, songsCsv, usersCsv } from '../support/small-world.ts';
import { chromiumPath, TemporalUi } from '../support/temporal-ui.ts';

const browser = chromiumPath();
if (browser === undefined) {
  console.warn('The Temporal UI is not tested: no Chromium at CHROMIUM_PATH or /usr/bin/chromium.');
}

const RUN = 'from-the-ui';

(browser === undefined ? describe.skip : describe)('a run in the Temporal UI', () => {
  let stack: PipelineStack;
  let ui: TemporalUi;
  beforeAll(async () => {
    stack = await PipelineStack.start();
    ui = await TemporalUi.open(browser ?? '', stack.running.stack.endpoints.temporalUi);
  }, 120_000);
  afterAll(async () => {
    await ui.close();
    await stack.stop();
  }, 60_000);

  it('is started from the form', async () => {
    const type = 'musicStreamingPipeline';
    await ui.startWorkflow({ id: RUN, taskQueue: 'music-streaming', type, input: '{}' });
    await stack.reaches(RUN, 'NeedsOperator');
  }, 60_000);

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
  }, 60_000);

  it('refuses a command that makes no sense, and says why', async () => {
    const said = await ui.refusal('approve', '{"by":"ada","reason":"by mistake"}');
    expect(said).toMatch(/not held at the quality gate; it is NeedsOperator in check_reference_data/);
    await ui.visit(RUN);
  }, 60_000);

  it('is retried by an update, from a form that says what each command takes', async () => {
    const end = { state: 'FAILED', category: 'OUT_OF_MEMORY_ERROR', errorMessage: 'Java heap space' };
    await stack.faults({ kind: 'run', job: '*-validate-data', end });
    await stack.deliver('songs.csv', songsCsv(), 'songs');
    await stack.deliver('users.csv', usersCsv(), 'users');
    await stack.deliver('plays.csv', csv(plays(1, 5, ['2024-06-25'])));
    const offered = await ui.sendUpdate(
      'retryStage',
      '{"by":"ada","reason":"songs and users are there now"}',
    );
    expect(offered).toEqual(
      expect.arrayContaining([expect.stringMatching(/^abort\s+End the run as failed/)]),
    );
    expect(await stack.reaches(RUN, 'NeedsOperator', 'validation')).toMatchObject({
      parked: { stage: 'validation', failure: { type: 'GlueOutOfMemory' } },
    });
    await ui.visit(RUN);
    expect(await ui.currentDetails()).toMatch(/Java heap space[^]*retryStage.*overrides/);
    await ui.picture('details-out-of-memory');
  }, 60_000);

  it('names stages and waits in its timeline', async () => {
    expect(await ui.timeline()).toMatch(/validation[^]*until an operator decides/);
    await ui.picture('timeline');
  }, 60_000);

  it('is ended by a signal', async () => {
    await ui.sendSignal('abort', '{"by":"ada","reason":"enough for today"}');
    await expect(stack.result(RUN)).rejects.toMatchObject({
      cause: { message: 'Aborted by ada: enough for today' },
    });
    await ui.visit(RUN);
    expect(await ui.currentDetails()).toMatch(/^Aborted/);
    await ui.picture('details-aborted');
  }, 60_000);

  it('is reset to its beginning, and does not follow the commands of its former life', async () => {
    await ui.resetToBeginning('a bad worker build');
    expect(await stack.reaches(RUN, 'NeedsOperator', 'validation')).toMatchObject({ round: 1 });
    expect((await stack.client.glue.list(10)).map(({ state }) => state)).toEqual(['FAILED', 'FAILED']);
    await ui.visit(RUN);
    expect(await ui.currentDetails()).toMatch(/^NeedsOperator in validation/);
  }, 60_000);
});
