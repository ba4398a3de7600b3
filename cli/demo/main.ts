/**
 * The demo: `npm run demo`. Starts a stack on free ports, makes a day of plays, delivers it, runs the pipeline and shows
 * the KPIs, then stops everything and leaves nothing behind. `npm run demo -- --keep` leaves the stack running; once more,
 * it shows where to look, or begins anew where that stack has been stopped.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { follow } from '../watch.ts';
import { Output } from '../output.ts';
import { showEnd } from '../run-text.ts';
import { count } from '../../pipeline/format.ts';
import { ClientError, PipelineClient } from '../../client/pipeline-client.ts';
import type { RunView } from '../../client/run-view.ts';
import { onInterruption, outliveTerminal } from '../../local/stack/interruption.ts';
import { withClaim } from '../../local/stack/claim.ts';
import { StackError } from '../../local/stack/errors.ts';
import { StackFolder } from '../../local/stack/folder.ts';
import { freePortBase } from '../../local/stack/ports.ts';
import { startStack, type RunningStack } from '../../local/stack/start.ts';
import { stackStatus } from '../../local/stack/status.ts';
import { stopStack } from '../../local/stack/stop.ts';
import { checkoutFolder } from '../../local/stack/toolchain.ts';
import { showKpis } from './kpis.ts';
import { DAY, deliverData, makeData } from './data.ts';

/** Shells' exit code for an end by Ctrl-C. */
const INTERRUPTED = 130;

class Demo {
  readonly #out: Output;
  readonly #dir: string;
  readonly #signal: AbortSignal;
  #starting: Promise<RunningStack> | undefined;

  constructor(out: Output, dir: string, signal: AbortSignal) {
    this.#out = out;
    this.#dir = dir;
    this.#signal = signal;
  }

  /** @returns the running stack, when the run has published its day */
  async run(): Promise<RunningStack> {
    const out = this.#out;
    out.line('A day of music plays, from CSV files on S3 to KPIs in DynamoDB, on this machine.');

    this.#step(1, 'Start a stack: Temporal, S3, DynamoDB, IAM, logs, Glue jobs on Spark, a worker');
    this.#starting = this.#start();
    const stack = await this.#starting;
    const { temporalUi } = stack.stack.endpoints;

    this.#step(2, 'Make a day in three files that overlap, and deliver them to S3');
    const dataset = await makeData(out, this.#dir);
    const client = PipelineClient.connect({ environment: stack.environment.operator });
    try {
      await deliverData(client, dataset);

      this.#step(3, 'Run the pipeline');
      const run = await client.runs.start({});
      const workflow = encodeURIComponent(run.workflowId);
      out.line(`Watch it in the Temporal UI: ${temporalUi}/namespaces/default/workflows/${workflow}\n`);
      const view = await follow(out, client, run, { untilOperator: true });
      if (view.end?.ended !== 'completed' || view.end.rows === undefined) {
        showEnd(out, view);
        throw new RunNotPublished();
      }
      showRows(out, view.end.rows);

      this.#step(4, `The KPIs of ${DAY}, as they are in DynamoDB`);
      showKpis(out, await client.kpis.query({ date: DAY }));
    } finally {
      await client.close();
    }
    return stack;
  }

  /** Stops what it has started. A start that fails stops by itself, and what others have started is theirs. */
  async stop(): Promise<void> {
    const isOurs = await this.#starting?.then(
      () => true,
      () => false,
    );
    if (isOurs === true) await stopStack(this.#dir);
  }

  async #start(): Promise<RunningStack> {
    await emptied(this.#dir);
    // The pipeline of the demo has its default settings, whatever the shell has set for another one.
    const environment = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => name === 'MSP_SETUP_DIR' || !/^(MSP|AWS)_/.test(name)),
    );
    const options = { dir: this.#dir, portBase: await freePortBase(), environment, signal: this.#signal };
    return await startStack(options, ({ what, state, seconds }) => {
      if (state === 'ready')
        this.#out.line(`${this.#out.colors.green('✓')} ${what}  ${seconds.toFixed(1)} s`);
    });
  }

  #step(number: number, title: string): void {
    this.#signal.throwIfAborted();
    this.#out.heading(`${number}. ${title}`);
  }
}

type Completed = Extract<NonNullable<RunView['end']>, { ended: 'completed' }>;

/** The run did not end well; what it said has been shown. */
class RunNotPublished extends Error {
  override readonly name = 'RunNotPublished';
}

async function main(keep: boolean): Promise<number> {
  const out = new Output({ stdout: process.stdout, stderr: process.stdout }, process.env);
  const began = Date.now();
  const interruption = new AbortController();
  const interrupted = new Promise<never>((_, reject) => {
    interruption.signal.addEventListener('abort', () => {
      reject(new DOMException('interrupted', 'AbortError'));
    });
  });
  interrupted.catch(() => undefined);
  outliveTerminal();
  onInterruption(() => {
    if (!interruption.signal.aborted) out.line('\nStopping everything…');
    interruption.abort();
  });

  const dir = keep ? join(checkoutFolder(), '.local', 'demo') : mkdtempSync(join(tmpdir(), 'msp-demo-'));
  const { parts, endpoints } = await stackStatus(dir);
  if (endpoints !== undefined && parts.some(({ state }) => state !== 'gone')) {
    showWhereToLook(out, dir, endpoints.temporalUi);
    return 0;
  }
  const demo = new Demo(out, dir, interruption.signal);
  try {
    const { stack } = await Promise.race([demo.run(), interrupted]);
    const seconds = ((Date.now() - began) / 1000).toFixed(0);
    if (keep) showWhereToLook(out, dir, stack.endpoints.temporalUi);
    else {
      await demo.stop();
      rmSync(dir, { recursive: true });
      showWhatNext(out, seconds);
    }
    return 0;
  } catch (error) {
    await demo.stop();
    if (interruption.signal.aborted) {
      if (!keep) rmSync(dir, { recursive: true, force: true });
      return INTERRUPTED;
    }
    explain(out, error, dir);
    return 1;
  }
}

/** Each demo begins with nothing: files that a kept one has delivered would be nothing new. */
async function emptied(dir: string): Promise<void> {
  await stopStack(dir);
  const folder = new StackFolder(dir);
  await withClaim(folder, () => {
    rmSync(folder.root, { recursive: true });
    return Promise.resolve();
  });
}

function showRows(out: Output, rows: NonNullable<Completed['rows']>): void {
  out.line(`\n${count(rows.delivered)} rows were delivered, and each is accounted for:`);
  out.fields([
    [count(rows.valid).padStart(8), 'valid plays'],
    [count(rows.duplicate).padStart(8), 'the same play once more'],
    [count(rows.rejected).padStart(8), 'rejected: a field is missing or wrong'],
    [
      count(rows.underReview).padStart(8),
      'under review: a song or user that the reference data does not have',
    ],
  ]);
}

function showWhatNext(out: Output, seconds: string): void {
  out.line(`\nDone in ${seconds} s; everything is stopped, and its data is gone. To go on:`);
  out.fields([
    ['npm run demo -- --keep', 'the same, left running to look around in'],
    ['npm run stack', 'an empty stack, until Ctrl-C'],
    ['npx msp --help', 'all that the command line does'],
    ['README.md', 'what this is, and where everything is explained'],
  ]);
}

function showWhereToLook(out: Output, dir: string, temporalUi: string): void {
  out.line('\nThe stack is running. Tell the command line where it is, then look around:\n');
  out.line(`  export MSP_LOCAL_DIR=${dir}`);
  out.fields([
    ['  npx msp status latest', 'the run, stage by stage'],
    [`  npx msp kpis --date ${DAY} --metric top_song`, 'KPIs'],
    ['  npx msp quality latest', 'what validation found'],
    ['  npx msp rejected latest', 'rows that were rejected, and why'],
    ['  npx msp logs latest', "the Glue jobs' logs"],
    ['  npx msp storage', 'what the bucket holds'],
    ['  npx msp local down', 'stop it'],
  ]);
  out.line(`\nTemporal UI: ${temporalUi}`);
}

function explain(out: Output, error: unknown, dir: string): void {
  const advice = error instanceof StackError || error instanceof ClientError ? error.advice : undefined;
  if (error instanceof StackError || error instanceof ClientError) out.line(`\n${error.message}`);
  else if (!(error instanceof RunNotPublished)) console.error(error);
  if (advice !== undefined) out.line(advice);
  out.line(
    `\nThe demo did not get to its end. What it started is stopped; logs and data are kept in ${dir}.`,
  );
}

// The SDK's notice of the Node versions that it will support next year is nothing to begin a demo with.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
// An interrupted demo still has a question to a server on its way, which nobody waits for.
process.exit(await main(values.keep));
