/** A Temporal dev server for tests, from the toolchain that set-up installed, with the pipeline's search attributes. */
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { searchAttributes } from '../../../workflows/shared/search-attributes.ts';
import { toolchain } from '../stack/toolchain.ts';

/** Failing workflows are what many tests are about; their warnings would bury what a test has to say. */
Runtime.install({ logger: new DefaultLogger('ERROR') });

export async function startDevServer(): Promise<TestWorkflowEnvironment> {
  return await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: toolchain().temporal },
      extraArgs: [
        // Twenty polls of the task queue a second are the default, which makes every step of a lone run wait for 50 ms.
        '--dynamic-config-value',
        'history.transferProcessorMaxPollRPS=500',
        // The server's own pause of a workflow, which operators of newer servers have.
        '--dynamic-config-value',
        'frontend.WorkflowPauseEnabled=true',
        '--log-level',
        'error',
      ],
      searchAttributes: Object.values(searchAttributes),
    },
  });
}
