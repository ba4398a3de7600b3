/** A run's lines in the logs service: in batches, with patience, and never at the cost of the run. */
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  ResourceAlreadyExistsException,
} from '@aws-sdk/client-cloudwatch-logs';
import { beforeEach, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { pino } from 'pino';
import { cloudWatchLogs, type LogSink } from '../../local/glue/logs.ts';

const service = mockClient(CloudWatchLogsClient);
beforeEach(() => {
  service.reset();
});

const key = { accessKeyId: 'role', secretAccessKey: 'secret', sessionToken: 'token' };
const complaints: string[] = [];
const logger = pino({ level: 'warn' }, { write: (line) => void complaints.push(line) });
const open = (): LogSink => cloudWatchLogs('eu-west-1', 20, logger)('/aws-glue/jobs/output', 'jr_1', key);

function sent(): (string | undefined)[][] {
  const calls = service.commandCalls(PutLogEventsCommand);
  return calls.map((call) => (call.args[0].input.logEvents ?? []).map((event) => event.message));
}

it('all lines arrive, in order, none empty', async () => {
  const sink = open();
  ['one', '', 'three'].forEach((line) => {
    sink.write(line);
  });
  await sink.close();
  expect(sent().flat()).toEqual(['one', ' ', 'three']);
});

it('group and stream that are there already are used', async () => {
  const there = new ResourceAlreadyExistsException({ message: 'there', $metadata: {} });
  service.on(CreateLogGroupCommand).rejects(there).on(CreateLogStreamCommand).rejects(there);
  const sink = open();
  sink.write('line');
  await sink.close();
  expect(sent()).toEqual([['line']]);
});

it('many lines go in batches that the service takes', async () => {
  const sink = open();
  for (let line = 0; line < 15_000; line += 1) sink.write(`line ${line}`);
  await sink.close();
  expect(sent().map((batch) => batch.length)).toEqual([10_000, 5000]);
  service.reset();
  const wide = open();
  for (let line = 0; line < 40; line += 1) wide.write('x'.repeat(50_000));
  await wide.close();
  expect(sent().map((batch) => batch.length)).toEqual([19, 19, 2]);
});

it('a service that refuses costs lines, one complaint, and nothing else', async () => {
  service.on(CreateLogGroupCommand).rejects(new Error('no right to logs'));
  const sink = open();
  sink.write('lost');
  await new Promise((resolve) => setTimeout(resolve, 100));
  await sink.close();
  expect(complaints.filter((line) => line.includes('no right to logs'))).toHaveLength(1);
  expect(complaints.at(-1)).toMatch(/"lines":1.*log lines were lost/);
});

it('lines that were not taken are sent again', async () => {
  service.on(PutLogEventsCommand).rejectsOnce(new Error('try again')).resolves({});
  const sink = open();
  sink.write('patient');
  await new Promise((resolve) => setTimeout(resolve, 100));
  await sink.close();
  expect(sent()).toEqual([['patient'], ['patient']]);
});
