/** A Temporal dev server for tests, from the toolchain that set-up installed, with the pipeline's search attributes. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { z } from 'zod';

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

const searchAttributes = [
  defineSearchAttributeKey('PipelineStatus', SearchAttributeType.KEYWORD),
  defineSearchAttributeKey('PipelineStage', SearchAttributeType.KEYWORD),
  defineSearchAttributeKey('PipelineDates', SearchAttributeType.KEYWORD_LIST),
  defineSearchAttributeKey('PipelineTrigger', SearchAttributeType.KEYWORD),
];

/** @param dbFilename where the server keeps its state; in memory when absent */
export async function startDevServer(dbFilename?: string): Promise<TestWorkflowEnvironment> {
  return await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: toolchain().temporal },
      extraArgs: ['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=500'],
      searchAttributes,
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
