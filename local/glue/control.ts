/**
 * The server's own endpoint beside Glue's API, under `/_local/`: health for whoever starts it, and the faults.
 *
 *     GET    /_local/health          {"status":"ok"}
 *     GET    /_local/faults          the faults, with how often each matched and was applied
 *     POST   /_local/faults          {"faults":[…]} adds; answers their ids
 *     DELETE /_local/faults[/ID]     removes one, or all
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { messageOf } from '../stack/errors.ts';
import { faultsRequestSchema, type Faults } from './faults.ts';

export const CONTROL_PREFIX = '/_local/';

/** @param faults `undefined` when the server does not allow any. */
export function controlEndpoint(faults: Faults | undefined): RequestListener {
  return (request, response) => {
    handle(faults, request, response).catch((error: unknown) => {
      reply(response, 500, { message: messageOf(error) });
    });
  };
}

async function handle(
  faults: Faults | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '').slice(CONTROL_PREFIX.length);
  const method = request.method ?? 'GET';
  if (method === 'GET' && path === 'health') {
    reply(response, 200, { status: 'ok' });
    return;
  }
  const [section, id] = path.split('/');
  if (section !== 'faults') {
    reply(response, 404, { message: `There is nothing at ${CONTROL_PREFIX}${path}.` });
    return;
  }
  if (faults === undefined) {
    reply(response, 403, {
      message: 'This server takes no faults. Start it with --allow-faults to test with them.',
    });
    return;
  }
  if (method === 'GET') reply(response, 200, { faults: faults.list() });
  else if (method === 'POST') await add(faults, request, response);
  else if (method === 'DELETE' && faults.remove(id)) reply(response, 200, { faults: faults.list() });
  else if (method === 'DELETE') reply(response, 404, { message: `There is no fault ${id ?? ''}.` });
  else reply(response, 405, { message: `${method} is not possible here; use GET, POST or DELETE.` });
}

async function add(faults: Faults, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body: unknown;
  try {
    body = JSON.parse(await text(request));
  } catch (error) {
    reply(response, 400, { message: `The request is not JSON: ${messageOf(error)}` });
    return;
  }
  const parsed = faultsRequestSchema.safeParse(body);
  if (parsed.success) reply(response, 200, { ids: faults.add(parsed.data.faults) });
  else reply(response, 400, { message: z.prettifyError(parsed.error) });
}

function reply(response: ServerResponse, status: number, content: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(content)}\n`);
}
