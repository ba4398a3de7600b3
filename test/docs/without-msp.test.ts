/**
 * docs/without-msp.md, followed: its commands as they stand in the page, with the CLIs of Temporal and AWS, against a
 * real suite.stack. How its Glue runs end is scripted, so no Spark is needed.
 */
import { createHash } from 'node:crypto';
import { beforeAll, describe } from '@jest/globals';
import { DocumentShell, hasProgram } from '../support/document-shell.ts';
import { followDocument } from '../support/document-test.ts';
import { csv, songsCsv, usersCsv } from '../support/small-world.ts';
import { pipelineStack } from '../support/suites/whole-stack.ts';
import { validationReport } from '../support/validation-report.ts';

const VALIDATION = '*_validation';

/** One good row and a broken one. */
const PLAYS = csv(['1,0000000000000000000001,2024-06-25 10:00:00', 'x,y,z']);

const canFollow = hasProgram('aws');
if (!canFollow) console.warn('docs/without-msp.md is not followed: no AWS CLI (aws) on the PATH.');

(canFollow ? describe : describe.skip)('docs/without-msp.md', () => {
  let shell: DocumentShell;
  const suite = pipelineStack(() => shell.stop());
  beforeAll(() => {
    shell = new DocumentShell(suite.stack.running.environment.operator);
    shell.write('songs.csv', songsCsv());
    shell.write('users.csv', usersCsv());
    shell.write('plays.csv', PLAYS);
  });

  followDocument('docs/without-msp.md', {
    shell: () => shell,
    situations: {
      'the validation runs out of memory': async () => {
        const end = { state: 'FAILED', category: 'OUT_OF_MEMORY_ERROR', errorMessage: 'Java heap space' };
        await suite.stack.faults({ kind: 'run', job: VALIDATION, times: 1, end });
      },
      'the next validation rejects half of the rows': async () => {
        const id = createHash('sha256').update(PLAYS).digest('hex').slice(0, 32);
        const rows = { delivered: 2, valid: 1, duplicate: 0, rejected: 1, underReview: 0 };
        const end = {
          state: 'SUCCEEDED',
          writes: [validationReport({ id, key: 'streams/plays.csv', rows })],
        };
        await suite.stack.faults({ kind: 'run', job: VALIDATION, times: 1, end });
      },
    },
  });
});
