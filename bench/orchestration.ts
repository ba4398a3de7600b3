/**
 * What the orchestration itself costs: a whole run of the pipeline whose activities answer at once, from its start to its
 * result, on a Temporal dev server that keeps its state on disk. With the server's default, and as the local stack sets
 * it up: by default the server polls its task queues twenty times a second, which a lone run feels at every step.
 */
import { join } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { PROMPT_SERVER } from '../local/stack/parts.ts';
import { fakeActivities } from '../test/support/fakes/fake-activities.ts';
import { median, seconds, type Part } from './report.ts';
import { TASK_QUEUE, withServer } from './server.ts';

interface ServerSetting {
  readonly name: string;
  readonly words: readonly string[];
}

const SERVERS: readonly [ServerSetting, ServerSetting] = [
  { name: 'server as it comes', words: [] },
  { name: 'as in the local stack', words: PROMPT_SERVER },
];

/** The first runs fill caches: of the worker's isolate, of the server's database. */
const WARM_UP_RUNS = 3;
const MEASURED_RUNS = 15;

const SECONDS_LIMIT = 1;
const EVENTS_LIMIT = 150;

interface RunFigures {
  readonly seconds: number;
  readonly events: number;
}

export async function benchOrchestration(folder: string): Promise<Part> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const figures: { server: string; runs: RunFigures[] }[] = [];
  for (const [index, server] of SERVERS.entries()) {
    figures.push({ server: server.name, runs: await runsOn(server, join(folder, `${index}.db`)) });
  }
  const typical = figures.map(({ runs }) => median(runs.map((run) => run.seconds)));
  const stack = typical.at(-1) ?? Infinity;
  const events = Math.max(...figures.flatMap(({ runs }) => runs.map((run) => run.events)));
  return {
    name: 'orchestration: a run whose activities answer at once',
    columns: ['server', 'median', 'fastest', 'slowest', 'events'],
    rows: figures.map(({ server, runs }) => {
      const times = runs.map((run) => run.seconds);
      const most = Math.max(...runs.map((run) => run.events));
      return [
        server,
        seconds(median(times)),
        seconds(Math.min(...times)),
        seconds(Math.max(...times)),
        `${most}`,
      ];
    }),
    targets: [
      {
        what: 'start to result, as in the local stack',
        limit: seconds(SECONDS_LIMIT),
        measured: seconds(stack),
        met: stack <= SECONDS_LIMIT,
      },
      {
        what: 'events in its history',
        limit: `under ${EVENTS_LIMIT}`,
        measured: `${events}`,
        met: events < EVENTS_LIMIT,
      },
    ],
    figures,
  };
}

async function runsOn({ words }: ServerSetting, dbFilename: string): Promise<RunFigures[]> {
  return await withServer({ words, dbFilename }, fakeActivities().activities, async ({ client }) => {
    const runs: RunFigures[] = [];
    for (let run = 0; run < WARM_UP_RUNS + MEASURED_RUNS; run += 1) {
      const began = performance.now();
      const handle = await client.workflow.start('musicStreamingPipeline', {
        taskQueue: TASK_QUEUE,
        workflowId: `bench-${run}`,
        args: [{}],
      });
      await handle.result();
      const took = (performance.now() - began) / 1000;
      const { historyLength } = await handle.describe();
      if (run >= WARM_UP_RUNS) runs.push({ seconds: took, events: historyLength });
    }
    return runs;
  });
}
