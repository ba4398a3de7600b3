/**
 * The files that take longest begin first, so that no worker waits for the last one at the end. Jest knows how long they
 * took only where they have run before.
 */
import Sequencer from '@jest/test-sequencer';

/** Two to six minutes each on two slow cores, the longest first; all others take less. */
const LONGEST = [
  'faults/every-fault',
  'crash/killed',
  'integration/real-day-in-pieces',
  'integration/days',
  'docs/runbook',
  'integration/stopped-and-recovered',
  'integration/damaged-data',
  'integration/reset-pipeline',
  'integration/bad-input',
  'model/model',
  'integration/real-day',
  'stack/parks-for-cause',
  'stack/rights',
  'docs/document',
  'docs/without-msp',
  'docs/temporal-ui',
  'workflows/undone-shutdown',
  'cli/recovery-by-command-line',
];

export default class LongestFirst extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
}

function rank({ path }) {
  const at = LONGEST.findIndex((name) => path.includes(`/${name}.test.`));
  return at === -1 ? LONGEST.length : at;
}
