/** The ports of a stack: six in a row from a base, so that a stack is moved by one number. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { StackError, messageOf } from './errors.ts';
import type { Endpoints } from './folder.ts';

export const HOST = '127.0.0.1';
export const DEFAULT_PORT_BASE = 7233;

/** What each port is for, in the order of the ports. */
const TITLES = {
  temporal: 'Temporal',
  temporalUi: 'the Temporal UI',
  aws: 'MiniStack',
  glue: 'local Glue',
  workerMetrics: "the worker's metrics",
  temporalMetrics: "Temporal's metrics",
};
type PortName = keyof typeof TITLES;
const NAMES = Object.keys(TITLES) as PortName[];

export type Ports = Readonly<Record<PortName, number>>;

/** Below these, ports belong to the system; above, there are none. */
const LOWEST = 1024;
const HIGHEST = 65_535;

/** @throws StackError for a base that leaves no room for six ports */
export function portsFrom(base: number): Ports {
  const count = NAMES.length;
  if (!Number.isInteger(base) || base < LOWEST || base + count - 1 > HIGHEST) {
    throw new StackError(
      `${base} can't be the first of ${count} ports.`,
      `Choose one from ${LOWEST} to ${HIGHEST - count + 1}.`,
    );
  }
  return Object.fromEntries(NAMES.map((name, index) => [name, base + index])) as Ports;
}

export function endpointsOf(ports: Ports): Endpoints {
  return {
    temporal: `${HOST}:${ports.temporal}`,
    temporalUi: `http://${HOST}:${ports.temporalUi}`,
    aws: `http://${HOST}:${ports.aws}`,
    glue: `http://${HOST}:${ports.glue}`,
    workerMetrics: `http://${HOST}:${ports.workerMetrics}/metrics`,
    temporalMetrics: `http://${HOST}:${ports.temporalMetrics}/metrics`,
  };
}

/** A server that has just ended may keep its port for a moment. */
const SECOND_LOOK_MILLISECONDS = 500;

/** @throws StackError naming each port that is taken and what it was wanted for */
export async function requireFree(ports: Ports): Promise<void> {
  const look = async (): Promise<PortName[]> => {
    const free = await Promise.all(NAMES.map((name) => isFree(ports[name])));
    return NAMES.filter((_, index) => free[index] !== true);
  };
  if ((await look()).length === 0) return;
  await sleep(SECOND_LOOK_MILLISECONDS);
  const taken = await look();
  if (taken.length === 0) return;
  const list = taken.map((name) => `${ports[name]} (for ${TITLES[name]})`).join(', ');
  throw new StackError(
    `${taken.length === 1 ? 'A port is' : 'Ports are'} taken by another program: ${list}.`,
    'Stop that program, or move the stack with --port-base N (it takes six ports from N).',
  );
}

/** How many bases are tried; with six ports each, that is a hundredth of all ports. */
const TRIES = 100;

/** A base with six free ports, away from the default, for stacks that live for a moment. */
export async function freePortBase(): Promise<number> {
  // Below the range that systems give out for outgoing connections, where a free port does not stay free.
  const [from, to] = [20_000, 31_000];
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const base = from + 10 * Math.floor((Math.random() * (to - from)) / 10);
    const free = await Promise.all(Object.values(portsFrom(base)).map(isFree));
    if (free.every(Boolean)) return base;
  }
  throw new StackError(
    `No six free ports in a row were found from ${from} to ${to}.`,
    'Name some with --port-base N.',
  );
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host: HOST, exclusive: true });
    await once(server, 'listening');
  } catch (error) {
    if (/EADDRINUSE|EACCES/.test(messageOf(error))) return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
