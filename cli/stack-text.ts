/** A local stack in words, and as JSON. */
import { z } from 'zod';
import { endpointsSchema, type Endpoints } from '../local/stack/folder.ts';
import type { StackStatus } from '../local/stack/status.ts';
import { time } from '../pipeline/format.ts';
import type { Output, OutputFormat } from './output.ts';

const statusSchema = z.object({
  dir: z.string(),
  state: z.enum(['running', 'impaired', 'stopped']),
  portBase: z.number().optional(),
  startedAt: z.string().optional(),
  endpoints: endpointsSchema.optional(),
  parts: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      state: z.enum(['ready', 'not answering', 'gone']),
      problem: z.string().optional(),
      pid: z.number().optional(),
      logFile: z.string().optional(),
    }),
  ),
});

const ENDPOINTS: readonly (readonly [keyof Endpoints, string])[] = [
  ['temporalUi', 'Temporal UI'],
  ['temporal', 'Temporal'],
  ['aws', 'S3, DynamoDB, logs'],
  ['glue', 'Glue'],
  ['workerMetrics', 'worker metrics'],
  ['temporalMetrics', 'Temporal metrics'],
];

/** The status of a stack, in the format asked for. */
export function showStack(out: Output, status: StackStatus, output: OutputFormat): void {
  if (output === 'json') {
    out.json(statusSchema, { ...status, parts: [...status.parts] });
    return;
  }
  const { endpoints } = status;
  if (endpoints === undefined) {
    out.line(`no stack runs from ${status.dir}; msp local up starts one`);
    return;
  }
  out.fields([
    ['stack', `${out.status(status.state)}, since ${time(status.startedAt)} in ${status.dir}`],
    ...ENDPOINTS.map(([name, title]) => [title, endpoints[name]] as const),
  ]);
  out.line();
  out.table(status.parts, [
    { title: 'part', value: ({ title }) => title },
    {
      title: 'state',
      value: ({ state, problem }) => `${out.status(state)}${problem === undefined ? '' : `: ${problem}`}`,
    },
    { title: 'process', value: ({ pid }) => pid ?? '', right: true },
    { title: 'log', value: ({ logFile }) => logFile ?? '' },
  ]);
}
