/**
 * docs/without-msp.md, followed: its commands as they stand in the page, with the CLIs of Temporal and AWS, against a
 * real stack. How its Glue runs end, and what they log, is scripted, so no Spark is needed.
 */
import { createHash } from 'node:crypto';
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { beforeAll, describe } from '@jest/globals';
import { ROOT_KEY } from '../../local/stack/provision/provision.ts';
import { LOG_GROUPS } from '../../pipeline/declared/logs.ts';
import { DocumentShell } from '../support/documents/document-shell.ts';
import { followDocument } from '../support/documents/document-test.ts';
import { csv, songsCsv, usersCsv } from '../support/data/small-world.ts';
import { pipelineStack } from '../support/suites/whole-stack.ts';
import { validationReport } from '../support/data/validation-report.ts';

const VALIDATION = '*_validation';

/** One good row and a broken one. */
const PLAYS = csv(['1,0000000000000000000001,2024-06-25 10:00:00', 'x,y,z']);

describe('docs/without-msp.md', () => {
  let shell: DocumentShell;
  const suite = pipelineStack({ leaving: () => shell.stop() });
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
      'the validation has logged': async () => {
        const [run] = await suite.stack.client.glue.list(1);
        const { endpoints } = suite.stack.running.stack;
        const logs = new CloudWatchLogsClient({
          region: 'eu-west-1',
          endpoint: endpoints.aws,
          credentials: ROOT_KEY,
        });
        const stream = { logGroupName: LOG_GROUPS.error, logStreamName: run?.id ?? '' };
        await logs.send(new CreateLogStreamCommand(stream));
        const message = 'java.lang.OutOfMemoryError: Java heap space';
        await logs.send(
          new PutLogEventsCommand({ ...stream, logEvents: [{ timestamp: Date.now(), message }] }),
        );
        logs.destroy();
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
