import { setImmediate } from 'node:timers/promises';
import { expect } from 'vitest';

type Attributes = Readonly<Record<string, unknown>>;

/** An event as `shown` has it. */
export type ShownEvent = readonly [name: string, attributes: Attributes];

/** What no test can know, such as a port that the system chose, or how long something took. */
export const SOME_NUMBER: unknown = expect.any(Number);

/** The durations of these phases: that they are there is what counts. */
export function durations(...phases: string[]): Attributes {
  return Object.fromEntries(phases.map((phase) => [`httptrace.${phase}.duration`, SOME_NUMBER]));
}

/** The durations of a request that its caller gave up, whose last phase ended there. */
export function givenUpIn(phase: string, ...others: string[]): Attributes {
  return { ...durations(...others, phase), 'httptrace.cancelled_phase': phase };
}

/** Everything that happens on a connection, once it is had. */
export const EXCHANGE: readonly ShownEvent[] = [
  ['http.send.start', {}],
  ['http.send.done', {}],
  ['http.receive.start', {}],
  ['http.receive.done', {}],
];

export const SENT: readonly ShownEvent[] = EXCHANGE.slice(0, 2);

export function wanted(address: string, port: number): ShownEvent {
  return ['http.getconn.start', { 'server.address': address, 'server.port': port }];
}

/** A name that means this machine. */
export function lookedUp(name: string): ShownEvent[] {
  return [
    ['http.dns.start', { 'dns.question.name': name }],
    ['http.dns.done', { 'dns.question.name': name, 'dns.answers': ['127.0.0.1'] }],
  ];
}

/** @param error `error.type`, if it failed. */
export function dialled(port: number, error?: string): ShownEvent[] {
  const address = {
    'network.transport': 'tcp',
    'network.type': 'ipv4',
    'network.peer.address': '127.0.0.1',
    'network.peer.port': port,
  };
  return [
    ['http.connect.start', address],
    ['http.connect.done', error === undefined ? address : { ...address, 'error.type': error }],
  ];
}

/** A connection to this machine that was dialled just now. */
export function gotNew(port: number, attributes: Attributes = {}): ShownEvent {
  return [
    'http.getconn.done',
    {
      'network.peer.address': '127.0.0.1',
      'network.peer.port': port,
      'network.local.address': '127.0.0.1',
      'network.local.port': SOME_NUMBER,
      'network.protocol.version': '1.1',
      'http.conn.reused': false,
      'http.conn.wasidle': false,
      ...attributes,
    },
  ];
}

export function gotIdle(port: number, attributes: Attributes = {}): ShownEvent {
  return gotNew(port, {
    'http.conn.reused': true,
    'http.conn.wasidle': true,
    'http.conn.idletime': SOME_NUMBER,
    ...attributes,
  });
}

/** No connection could be had. */
export function gotNone(error: string): ShownEvent {
  return ['http.getconn.done', { 'error.type': error }];
}

/** The attributes of a GET to this server that is under way. */
export function requested(origin: string, target: string): Attributes {
  const { hostname, port } = new URL(origin);
  return {
    'http.request.method': 'GET',
    'url.full': origin + target,
    'server.address': hostname.replace(/^\[|\]$/g, ''),
    'server.port': Number(port),
  };
}

/** The attributes of the connection to this machine that a request was sent on. */
export function connected(port: number, attributes: Attributes = {}): Attributes {
  return {
    'network.peer.address': '127.0.0.1',
    'network.peer.port': port,
    'network.protocol.version': '1.1',
    'http.conn.reused': false,
    ...attributes,
  };
}

/** Lets undici put a connection back: it is free only after the response has been read. */
export async function connectionsAreIdle(): Promise<void> {
  await setImmediate();
  await setImmediate();
}
