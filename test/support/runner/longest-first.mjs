/**
 * The files that take longest begin first, so that no worker waits for the last one at the end. Jest knows how long they
 * took only where they have run before.
 */
import Sequencer from '@jest/test-sequencer';

/** Minutes each, on two cores, the longest first. */
const LONGEST = [
  'integration/real-day-in-pieces',
  'crash/killed',
  'docs/runbook',
  'integration/days',
  'integration/damaged-data',
  'faults/every-fault',
  'integration/reset-pipeline',
  'integration/stopped-and-recovered',
  'integration/bad-input',
  'workflows/undone-shutdown',
  'client/recovery-by-command-line',
  'model/model',
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
