/**
 * Following a run: on a terminal a block of text that replaces itself, elsewhere a plain line for each change. The run
 * is asked again and again, which costs the worker a query each time and the history nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogUpdate } from 'log-update';
import { ClientError } from '../client/errors.ts';
import type { PipelineClient } from '../client/pipeline-client.ts';
import { viewOf, type RunView } from '../client/run-view.ts';
import type { RunReference } from '../client/references.ts';
import { time } from '../pipeline/format.ts';
import type { Output } from './output.ts';
import { glueLine, refusedLines, stageLines, statusLine, waitingLines } from './run-text.ts';

/** Short against the seconds that stages take, long against what a query costs. */
const LOOK_INTERVAL_MS = 1000;

/** Refused signals below a run on a terminal; `msp status` has more. */
const REFUSED_SHOWN = 3;

/** Glue's state changes slowly, and its API is throttled for the whole account. */
const GLUE_EVERY = 5;

export interface FollowOptions {
  /** Stop where the run waits for an operator. */
  readonly untilOperator: boolean;
}

/** Shows the run as it changes; ends with the last view. A server or worker that is away is waited for. */
export async function follow(
  out: Output,
  client: PipelineClient,
  reference: RunReference,
  { untilOperator }: FollowOptions,
): Promise<RunView> {
  const show = out.live ? liveDisplay(out) : plainDisplay(out);
  for (let look = 0; ; look += 1) {
    const view = await lookAt(client, reference, look % GLUE_EVERY === 0);
    if (view === undefined) show.away();
    else {
      show.view(view);
      const waits = (view.paused ?? view.parked ?? view.held) !== undefined;
      if (view.end !== undefined || (untilOperator && waits)) return view;
    }
    await sleep(LOOK_INTERVAL_MS);
  }
}

async function lookAt(
  client: PipelineClient,
  reference: RunReference,
  glue: boolean,
): Promise<RunView | undefined> {
  try {
    return await viewOf(client, reference, { glue });
  } catch (error) {
    if (error instanceof ClientError && error.code === 'Unreachable') return undefined;
    throw error;
  }
}

interface Display {
  readonly view: (view: RunView) => void;
  readonly away: () => void;
}

const AWAY = 'Temporal does not answer; waiting for it';
const NO_WORKER = 'no worker answers; waiting for one';

function liveDisplay(out: Output): Display {
  const replace = createLogUpdate(out.stderr, { showCursor: true });
  let glue: string | undefined;
  let block: readonly string[] = [];
  return {
    view: (view) => {
      glue = view.glueRun?.state ?? (view.glueRun === undefined ? undefined : glue);
      const shown =
        view.glueRun === undefined || glue === undefined
          ? view
          : { ...view, glueRun: { ...view.glueRun, state: glue } };
      block = [
        `${view.workflowId}  ${statusLine(out, shown)}${view.answered ? '' : `  (${NO_WORKER})`}`,
        '',
        ...stageLines(out, shown),
        ...waitingLines(out, shown),
        ...refusedLines(out, shown).slice(-REFUSED_SHOWN),
      ];
      replace(block.join('\n'));
    },
    away: () => {
      replace([...block, AWAY].join('\n'));
    },
  };
}

function plainDisplay(out: Output): Display {
  let [stages, last] = [0, ''];
  const told = new Set<string>();
  const say = (line: string): void => {
    if (line === last) return;
    last = line;
    out.note(`${time(new Date().toISOString())}  ${line}`);
  };
  return {
    view: (view) => {
      for (const { stage, outcome, summary } of view.checkpoints.slice(stages)) {
        say(`${stage}: ${outcome}${summary === '' ? '' : `, ${summary}`}`);
      }
      stages = view.checkpoints.length;
      for (const line of refusedLines(out, view)) {
        if (!told.has(line)) out.note(line);
        told.add(line);
      }
      const state = view.glueRun?.state;
      if (!view.answered) say(NO_WORKER);
      else if ((view.paused ?? view.parked ?? view.held) !== undefined) say(statusLine(out, view));
      else if (state !== undefined) say(`${view.stage ?? ''}: ${glueLine(view) ?? ''}`);
    },
    away: () => {
      say(AWAY);
    },
  };
}
