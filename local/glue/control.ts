/**
 * The server's own endpoint beside Glue's API, under `/_local/`: health for whoever starts it, and the faults.
 *
 *     GET    /_local/health          {"status":"ok"}
 *     GET    /_local/faults          the faults, with how often each matched and was applied
 *     POST   /_local/faults          {"faults":[…]} adds; answers their ids
 *     DELETE /_local/faults[/ID]     removes one, or all
 */
import type { IncomingMessage, RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { messageOf } from '../stack/errors.ts';
import { faultsRequestSchema, type Faults } from './faults.ts';

export const CONTROL_PREFIX = '/_local/';

type Answer = [status: number, content: object];

/** @param faults `undefined` when the server does not allow any. */
export function controlEndpoint(faults: Faults | undefined): RequestListener {
  return (request, response) => {
    void answerTo(faults, request)
      .catch((error: unknown): Answer => [500, { message: messageOf(error) }])
      .then(([status, content]) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(`${JSON.stringify(content)}\n`);
      });
  };
}

async function answerTo(faults: Faults | undefined, request: IncomingMessage): Promise<Answer> {
  const path = (request.url ?? '').slice(CONTROL_PREFIX.length);
  const method = request.method ?? 'GET';
  if (method === 'GET' && path === 'health') return [200, { status: 'ok' }];
  const [section, id] = path.split('/');
  if (section !== 'faults') return [404, { message: `There is nothing at ${CONTROL_PREFIX}${path}.` }];
  if (faults === undefined) {
    return [403, { message: 'This server takes no faults. Start it with --allow-faults to test with them.' }];
  }
  if (method === 'GET') return [200, { faults: faults.list() }];
  if (method === 'POST') return add(faults, await text(request));
  if (method === 'DELETE' && faults.remove(id)) return [200, { faults: faults.list() }];
  if (method === 'DELETE') return [404, { message: `There is no fault ${id ?? ''}.` }];
  return [405, { message: `${method} is not possible here; use GET, POST or DELETE.` }];
}

function add(faults: Faults, given: string): Answer {
  let body: unknown;
  try {
    body = JSON.parse(given);
  } catch (error) {
    return [400, { message: `The request is not JSON: ${messageOf(error)}` }];
  }
  const { data, error } = faultsRequestSchema.safeParse(body);
  return error === undefined
    ? [200, { ids: faults.add(data.faults) }]
    : [400, { message: z.prettifyError(error) }];
}
