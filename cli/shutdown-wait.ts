/** Waiting for a shutdown at a terminal: a line says what it waits for, whenever that changes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ShutdownStatus } from '../workflows/emergency-shutdown/messages.ts';
import type { PipelineClient } from '../client/pipeline-client.ts';
import type { ShutdownEnd, ShutdownReference } from '../client/shutdowns.ts';
import type { Output } from './output.ts';

/** Stopping takes seconds: what is over within this time needs no word. */
const LOOK_INTERVAL_MS = 2_000;

/** Of what it waits for; the Temporal UI shows all. */
const NAMED = 5;

export async function awaitShutdown(
  out: Output,
  client: PipelineClient,
  reference: ShutdownReference,
): Promise<ShutdownEnd> {
  const result = client.shutdowns.result(reference);
  for (let said = ''; ;) {
    const end = await Promise.race([result, sleep(LOOK_INTERVAL_MS, undefined)]);
    if (end !== undefined) return end;
    const line = await Promise.race([result.then(() => undefined), lineOf(client, reference)]);
    if (line === undefined || line === said) continue;
    said = line;
    if (line !== '') out.note(line);
  }
}

/** @returns `undefined` where it does not answer, which is asked again: only its end counts */
async function lineOf(client: PipelineClient, reference: ShutdownReference): Promise<string | undefined> {
  try {
    return waitLine(await client.shutdowns.status(reference));
  } catch {
    return undefined;
  }
}

/** What a shutdown is doing and what it could not do, in one line. */
function waitLine({
  phase,
  open,
  problems,
  requestedAt,
}: Pick<ShutdownStatus, 'phase' | 'open' | 'problems' | 'requestedAt'>): string {
  const named = open.slice(0, NAMED).join(', ');
  const more = open.length > NAMED ? ` and ${open.length - NAMED} more` : '';
  const begins = requestedAt === null ? 'STOP-1: tells everything to stop' : '';
  const doing = {
    stopping: open.length === 0 ? begins : `STOP-2: waits for the end of ${named}${more}`,
    securing: 'STOP-3: sets unfinished output aside',
    documenting: 'STOP-4: writes the report',
    done: '',
  }[phase];
  const wrong = Object.entries(problems).map(([step, message]) => `could not ${step}: ${message}`);
  return [doing, ...wrong].filter((part) => part !== '').join('; ');
}
