import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { GetJobRunsCommand, GlueClient } from '@aws-sdk/client-glue';
import { mockClient } from 'aws-sdk-client-mock';
import { activityCaller } from '../../activities/call.ts';
import { createGlueRunActivities } from '../../activities/glue/job-runs.ts';
import type { GlueJobRequest } from '../../pipeline/activity-types.ts';
import type { RunContext } from '../../pipeline/run-context.ts';
import { JobRuns } from '../../systems/glue/job-runs.ts';
import { createWorker } from '../../worker/worker.ts';
import { fakeActivities, ordinarySettings } from '../support/fakes/fake-activities.ts';
import type { starting } from '../support/temporal/starting-workflow.ts';
import { devServer } from '../support/suites/dev-server.ts';
import { until } from '../support/until.ts';

const taskQueue = 'failing-starts';
const context: RunContext = {
  owner: { run: 'r', workflowId: 'w', originalRunId: 'f' },
  settings: ordinarySettings,
};
const request: GlueJobRequest = {
  ...{ stage: 'validation', script: 'validate_data', scriptDigest: 'd' },
  ...{ token: 'w/f/validation/1', tokenUsed: false, overrides: {}, files: { script: 's', library: 'l' } },
};

const server = devServer();

it('starts that fail in a row are counted over all workers, and after eight an operator is asked', async () => {
  const glue = new GlueClient({ region: 'eu-west-1' });
  let asked = 0;
  mockClient(glue)
    .on(GetJobRunsCommand)
    .callsFake(() => {
      asked += 1;
      throw Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' });
    });
  const anotherWorker = (): ReturnType<typeof createWorker> =>
    createWorker({
      connection: server.env.nativeConnection,
      namespace: server.env.namespace ?? 'default',
      taskQueue,
      activities: {
        ...fakeActivities().activities,
        ...createGlueRunActivities(new JobRuns({ glue, glueOnce: glue }, activityCaller)),
      },
      workflows: {
        workflowsPath: fileURLToPath(new URL('../support/temporal/starting-workflow.ts', import.meta.url)),
      },
    });
  const handle = await server.env.client.workflow.start<typeof starting>('starting', {
    args: [context, request],
    taskQueue,
    workflowId: 'failing-starts',
  });
  const first = await anotherWorker();
  await first.runUntil(until('three starts fail', () => asked >= 3));
  const second = await anotherWorker();
  const error = await second.runUntil(handle.result().catch((failure: unknown) => failure));
  expect(error).toMatchObject({ cause: { cause: { type: 'Throttled', nonRetryable: true } } });
  expect(asked).toBe(8);
});
