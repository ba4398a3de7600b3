/**
 * A loopback proxy in front of the stack's services that lets single requests fail. What passes is passed on as it came,
 * the Host header included: it is part of what clients sign.
 */
import { Agent, createServer, request as send } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { answerOf, isSpoken } from './answers.ts';
import type { Fault } from './answers.ts';
import { operationOf, serviceOf } from './operations.ts';
import type { Operation, Request } from './operations.ts';

/** Where requests are passed on to. */
export interface Services {
  readonly aws: string;
  readonly glue: string;
}

/** Decides for each request, in the order in which they come, what happens to it; `undefined`: nothing. */
export type Plan = (operation: Operation) => Fault | undefined;

/** Requests that are none of ours, such as those of a stand-in itself, pass by without being counted. */
export type IsMeant = (request: Request) => boolean;

const NO_FAULTS: Plan = () => undefined;

export class FaultProxy {
  /** Of the requests that are meant: how many there were. */
  readonly seen = new Map<Operation, number>();
  /** Faults that a client has had, in order. */
  readonly delivered: { readonly operation: Operation; readonly fault: Fault }[] = [];
  plan: Plan = NO_FAULTS;
  readonly #services: Services;
  readonly #isMeant: IsMeant;
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(services: Services, isMeant: IsMeant) {
    this.#services = services;
    this.#isMeant = isMeant;
    this.#server = createServer((incoming, response) => {
      this.#take(incoming, response).catch(() => incoming.socket.destroy());
    });
    // An idle connection that is closed just as the next request is sent would be a fault that nobody planned.
    this.#server.keepAliveTimeout = 0;
  }

  static async start(services: Services, isMeant: IsMeant = () => true): Promise<FaultProxy> {
    const proxy = new FaultProxy(services, isMeant);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('The proxy does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  /** Lets everything pass and forgets what it has seen. */
  reset(plan: Plan = NO_FAULTS): void {
    this.plan = plan;
    this.seen.clear();
    this.delivered.length = 0;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await closed;
  }

  async #take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = incoming;
    const request: Request = { method, url, headers, body: await buffer(incoming) };
    const operation = operationOf(request);
    const fault = this.#isMeant(request) ? this.#faultOf(operation) : undefined;
    if (fault === undefined) await this.#pass(operation, request, incoming.rawHeaders, response);
    else await this.#fail(operation, fault, request, incoming, response);
  }

  #faultOf(operation: Operation): Fault | undefined {
    this.seen.set(operation, (this.seen.get(operation) ?? 0) + 1);
    return this.plan(operation);
  }

  async #fail(
    operation: Operation,
    fault: Fault,
    request: Request,
    incoming: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (isSpoken(fault)) {
      const { status, contentType, body } = answerOf(operation, fault);
      response.writeHead(status, { 'content-type': contentType, 'x-amzn-requestid': 'fault' }).end(body);
    } else if (fault === 'unanswered') {
      // Until the client has had enough.
      await once(incoming.socket, 'close');
    } else if (fault === 'reset') {
      incoming.socket.resetAndDestroy();
    } else {
      await this.#break(operation, fault, request, incoming, response);
    }
    this.delivered.push({ operation, fault });
  }

  /** Lets the request take effect, and breaks the connection over its answer. */
  async #break(
    operation: Operation,
    fault: 'lost' | 'cut',
    request: Request,
    incoming: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const answer = await this.#ask(operation, request, incoming.rawHeaders);
    const body = await buffer(answer);
    if (fault === 'cut' && body.length > 1) {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      await new Promise((sent) => {
        response.write(body.subarray(0, body.length >> 1), sent);
      });
    }
    incoming.socket.destroy();
  }

  async #pass(
    operation: Operation,
    request: Request,
    rawHeaders: string[],
    response: ServerResponse,
  ): Promise<void> {
    const answer = await this.#ask(operation, request, rawHeaders);
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    answer.pipe(response);
    await once(response, 'close');
  }

  async #ask(
    operation: Operation,
    { method, url, body }: Request,
    rawHeaders: string[],
  ): Promise<IncomingMessage> {
    const base = serviceOf(operation) === 'Glue' ? this.#services.glue : this.#services.aws;
    return await new Promise((resolve, reject) => {
      const { hostname, port } = new URL(base);
      const asked = send({ hostname, port, method, path: url, headers: rawHeaders, agent: this.#agent });
      asked.on('response', resolve).on('error', reject).end(body);
    });
  }
}
