import { afterEach, describe, expect, it } from '@jest/globals';
import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { mockClient } from 'aws-sdk-client-mock';
import { clientCaller } from '../../../client/errors.ts';
import { GlueLogs } from '../../../systems/logs/streams.ts';

const gone = Object.assign(new Error('no such stream'), { name: 'ResourceNotFoundException' });
const at = (second: number): number => Date.UTC(2024, 5, 25, 3, 0, second);

describe('the log of a job run', () => {
  const service = mockClient(CloudWatchLogsClient);
  afterEach(() => {
    service.reset();
  });

  const logs = (): GlueLogs => new GlueLogs(new CloudWatchLogsClient({ region: 'eu-west-1' }), clientCaller);

  it('is read page by page to the end, both streams in the order of time', async () => {
    service
      .on(GetLogEventsCommand, { logGroupName: '/aws-glue/jobs/output' })
      .resolvesOnce({ events: [{ timestamp: at(1), message: 'one\n' }], nextForwardToken: 't1' })
      .resolvesOnce({ events: [{ timestamp: at(3), message: 'three' }], nextForwardToken: 't2' })
      .resolves({ events: [], nextForwardToken: 't2' });
    service
      .on(GetLogEventsCommand, { logGroupName: '/aws-glue/jobs/error' })
      .resolvesOnce({ events: [{ timestamp: at(2), message: 'two' }], nextForwardToken: 'e' })
      .resolves({ events: [], nextForwardToken: 'e' });
    const lines = await logs().read('jr_1', ['output', 'error']);
    expect(lines.map(({ stream, message }) => `${stream} ${message}`)).toEqual([
      'output one',
      'error two',
      'output three',
    ]);
    const tokens = service.commandCalls(GetLogEventsCommand, { logGroupName: '/aws-glue/jobs/output' });
    expect(tokens.map((call) => call.args[0].input.nextToken)).toEqual([undefined, 't1', 't2']);
  });

  it('of a run that has not begun is empty', async () => {
    service.on(GetLogEventsCommand).rejects(gone);
    expect(await logs().read('jr_1', ['output', 'error'])).toEqual([]);
  });

  it('may not be readable: that is said, with the log', async () => {
    service
      .on(GetLogEventsCommand)
      .rejects(Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' }));
    await expect(logs().read('jr_1', ['output'])).rejects.toMatchObject({
      code: 'NotAllowed',
      message: expect.stringMatching(/log \/aws-glue\/jobs\/output/),
    });
  });
});
