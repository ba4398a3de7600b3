/** A run operated in the Temporal UI alone, and what the UI shows of our texts. Needs a Chromium on the machine. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { updates } from '../../workflows/pipeline/messages.ts';
import { PipelineStack } from '../support/pipeline-stack.ts';
import { csv, plays, songsCsv, usersCsv } from '../support/small-world.ts';
import { chromiumPath, TemporalUi } from '../support/temporal-ui.ts';

const browser = chromiumPath();
const where = browser === undefined ? describe.skip : describe;
if (browser === undefined) {
  console.warn('The Temporal UI is not tested: no Chromium at CHROMIUM_PATH or /usr/bin/chromium.');
}

where('a run in the Temporal UI', () => {
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

  it('is started from the form, parks, and says what it needs', async () => {
    await ui.startWorkflow({
      id: 'from-the-ui',
      taskQueue: 'music-streaming',
      type: 'musicStreamingPipeline',
      input: '{}',
    });
    await stack.reaches('from-the-ui', 'NeedsOperator');
    await ui.visit('from-the-ui');
    const details = await ui.currentDetails();
    await ui.picture('parked');
    expect(details).toMatch(/NeedsOperator in check_reference_data/);
    expect(details).toMatch(/No songs/);
    expect(details).toMatch(/retryStage/);
    expect(await ui.query('status')).toMatch(/"status": "NeedsOperator"/);
    expect(await ui.timeline()).toMatch(/checkReferenceData/);
    await ui.picture('timeline');
  }, 120_000);
  void [updates, csv, plays, songsCsv, usersCsv, expect];
});
