import type { LookupFunction } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { SecureVersion } from 'node:tls';
import type { buildConnector, Dispatcher } from 'undici';
import { afterEach, expect, onTestFinished } from 'vitest';
import type { HttpTraceInstrumentationConfig } from '../../../src/index.js';
import { askNode, httpAgent, httpsAgent } from '../clients/node-clients.js';
import { UNDICI_FLAVOURS } from '../clients/undici-flavours.js';
import { type ShownTree, treeFaults, treesOf } from './span-tree.js';
import { type Telemetry, useTelemetry } from './telemetry.js';

export interface Connecting {
  readonly ca?: string;
  readonly minVersion?: SecureVersion;
  readonly lookup?: LookupFunction;
  readonly autoSelectFamily?: boolean;
  readonly socketPath?: string;
}

/** One client with a pool of one connection. */
export interface OneClient {
  ask(path: string): Promise<unknown>;
}

/** A kind of client that is drawn the same. */
export interface ClientKind {
  readonly name: string;
  client(origin: string, connecting?: Connecting): OneClient;
}

export const CLIENT_KINDS: readonly ClientKind[] = [
  {
    name: 'node:http',
    client: (origin, connecting = {}) => {
      const options = { maxSockets: 1, ...connecting };
      const agent = origin.startsWith('https') ? httpsAgent(options) : httpAgent(options);
      return { ask: (path) => askNode(origin + path, { agent, ...connecting }) };
    },
  },
  ...UNDICI_FLAVOURS.map(({ name, Client }) => ({
    name,
    client: (origin: string, connecting: Connecting = {}) => {
      const { socketPath, ...rest } = connecting;
      const connect = rest as buildConnector.BuildOptions;
      const client = new Client(origin, { connect, ...(socketPath && { socketPath }) });
      onTestFinished(() => client.destroy());
      return { ask: (path: string) => askUndici(client, path) };
    },
  })),
];

async function askUndici(client: Dispatcher, path: string): Promise<void> {
  const { body } = await client.request({ path, method: 'GET' } as Dispatcher.RequestOptions);
  await body.text();
  await setImmediate();
  await setImmediate();
}

/** A span of ours below the CLIENT span, or beside it. */
export function internal(name: string, more: Partial<ShownTree> = {}): ShownTree {
  return {
    name,
    kind: 'INTERNAL',
    status: 'UNSET',
    attributes: {},
    events: [],
    links: [],
    children: [],
    ...more,
  };
}

export function socketConnect(port: number, more: Partial<ShownTree> = {}): ShownTree {
  return internal(`socket connect 127.0.0.1:${port}`, {
    attributes: { 'network.peer.address': '127.0.0.1', 'network.peer.port': port, 'network.type': 'ipv4' },
    ...more,
  });
}

export function setUp(host: string, port: number, scheme: string): ShownTree['attributes'] {
  return { 'server.address': host, 'server.port': port, 'url.scheme': scheme };
}

/** Records with child spans; after each test these hang where they belong. */
export function useDrawnSpans(): DrawnSpans {
  const telemetry = useTelemetry();
  afterEach(async () => {
    expect(treeFaults(await telemetry.all())).toEqual([]);
  });
  return {
    telemetry,
    record: (config) => void telemetry.instrument({ client: { phases: 'linked-spans', ...config } }),
    trees: async () => treesOf(await telemetry.all()),
  };
}

export interface DrawnSpans {
  readonly telemetry: Telemetry;
  record(config?: HttpTraceInstrumentationConfig['client']): void;
  trees(): Promise<ShownTree[]>;
}
