/** A Temporal dev server for tests, from the toolchain that set-up installed, with the pipeline's search attributes. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { z } from 'zod';
import { searchAttributes } from '../../workflows/shared/search-attributes.ts';

/** Failing workflows are what many tests are about; their warnings would bury what a test has to say. */
Runtime.install({ logger: new DefaultLogger('ERROR') });

const toolchainSchema = z.looseObject({
  python: z.string(),
  temporal: z.string(),
  temporalTestServer: z.string().optional(),
});

export type Toolchain = z.infer<typeof toolchainSchema>;

/** @throws Error saying how to install it */
export function toolchain(): Toolchain {
  const file = join(process.env['MSP_SETUP_DIR'] ?? '.setup', 'toolchain.json');
  if (!existsSync(file)) throw new Error(`${file} is missing: run npm run setup -- --with-tests first`);
  return toolchainSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/**
 * @param given.dbFilename where the server keeps its state; in memory when absent
 */
export async function startDevServer(
  given: { readonly dbFilename?: string } = {},
): Promise<TestWorkflowEnvironment> {
  const { dbFilename } = given;
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
      ...(dbFilename === undefined ? {} : { dbFilename }),
    },
  });
}

/** A server whose clock jumps ahead whenever every workflow waits. */
export async function startTimeSkippingServer(): Promise<TestWorkflowEnvironment> {
  const { temporalTestServer } = toolchain();
  if (temporalTestServer === undefined)
    throw new Error('No test server: run npm run setup -- --with-tests first');
  return await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: temporalTestServer } },
  });
}
