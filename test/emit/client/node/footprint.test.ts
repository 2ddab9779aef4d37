import * as diagnosticsChannel from 'node:diagnostics_channel';
import { once } from 'node:events';
import * as http from 'node:http';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { describe, expect, it } from 'vitest';
import {
  answerOf,
  askNode,
  httpAgent,
  httpsAgent,
  nodeRequest,
} from '../../../support/clients/node-clients.js';
import { EventRecorder } from '../../../support/event-recorder.js';
import { CA } from '../../../support/servers/certificates.js';
import { onEachHead, rawServer } from '../../../support/servers/raw-server.js';
import { httpServer, httpsServer } from '../../../support/servers/truthful-server.js';
import { useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const PATCHED: readonly (readonly [prototype: object, method: string])[] = [
  [http.Agent.prototype, 'addRequest'],
  [http.ClientRequest.prototype, 'onSocket'],
  [http.ClientRequest.prototype, '_implicitHeader'],
  [tls.TLSSocket.prototype, 'connect'],
  [tls.TLSSocket.prototype, '_start'],
];

const CHANNELS = [
  'http.client.request.created',
  'http.client.request.start',
  'http.client.response.finish',
  'net.client.socket',
];

function descriptors(): unknown[] {
  return PATCHED.map(([prototype, method]) => Object.getOwnPropertyDescriptor(prototype, method));
}

function subscribed(): string[] {
  return CHANNELS.filter((name) => diagnosticsChannel.hasSubscribers(name));
}

describe('what is left of us in node:http', () => {
  it('is nothing, when we are switched off', async () => {
    const before = descriptors();
    const { origin } = await httpServer();
    const instrumentation = telemetry.instrument();
    await askNode(origin, { agent: httpAgent() });
    expect(descriptors()).not.toEqual(before);
    expect(subscribed()).toEqual(
      expect.arrayContaining([
        'http.client.request.created',
        'http.client.response.finish',
        'net.client.socket',
      ]),
    );

    instrumentation.disable();

    expect(descriptors()).toEqual(before);
    expect(subscribed()).toEqual([]);
  });

  it('is nothing as soon as the last request that was under way is over', async () => {
    const before = descriptors();
    const { origin } = await rawServer((socket) =>
      onEachHead(socket, () =>
        setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), 30),
      ),
    );
    const instrumentation = telemetry.instrument();
    const answer = askNode(origin, { agent: httpAgent() });
    instrumentation.disable();
    expect(descriptors()).not.toEqual(before);
    await answer;
    expect(descriptors()).toEqual(before);
    expect(subscribed()).toEqual([]);
  });

  it('passes on where somebody has patched over us', async () => {
    const { origin } = await httpServer();
    const instrumentation = telemetry.instrument();
    const prototype = http.Agent.prototype as { addRequest?: (...args: unknown[]) => unknown };
    const below = prototype.addRequest;
    let calls = 0;
    prototype.addRequest = function (...args) {
      calls++;
      return below?.apply(this, args);
    };
    instrumentation.disable();
    expect((await askNode(origin, { agent: httpAgent() })).status).toBe(200);
    instrumentation.enable();
    expect((await askNode(origin, { agent: httpAgent() })).status).toBe(200);
    expect(calls).toBe(2);
    expect(await telemetry.finished()).toHaveLength(1);
    instrumentation.disable();
    prototype.addRequest = below;
  });
});

describe('a connection of node:http', () => {
  it.each([
    ['http', httpServer, httpAgent],
    ['https', httpsServer, () => httpsAgent({ ca: CA })],
  ] as const)(
    'over %s has as many listeners after 200 requests as after the second',
    async (_scheme, serverOf, agentOf) => {
      const warnings: Error[] = [];
      process.on('warning', (warning) => warnings.push(warning));
      const { origin } = await serverOf();
      telemetry.instrument();
      const agent = agentOf();
      const counts: Record<string, number>[] = [];
      for (let n = 0; n < 200; n++) {
        await askNode(origin, { agent });
        const socket = Object.values(agent.freeSockets)[0]?.[0];
        counts.push(
          Object.fromEntries(
            socket?.eventNames().map((name) => [String(name), socket.listenerCount(name)]) ?? [],
          ),
        );
      }
      expect(counts.at(-1)).toEqual(counts[1]);
      expect(warnings).toEqual([]);
    },
  );
});

describe('a request of node:http that is over', () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');

  it.each([
    ['is kept', () => httpAgent()],
    [
      'is kept, and was made later',
      () =>
        Object.assign(httpAgent(), {
          createConnection: (
            options: net.TcpNetConnectOpts,
            done: (error: null, socket: net.Socket) => void,
          ) => {
            setImmediate(() => done(null, net.connect(options)));
          },
        }),
    ],
  ])('is forgotten while its connection %s', async (_name, agentOf) => {
    const { origin } = await httpServer();
    telemetry.instrument({ optInAttributes: ['http.request.body.size', 'http.response.body.size'] });
    const agent = agentOf();
    const request = await (async () => {
      const request = nodeRequest(origin, { agent });
      const answer = answerOf(request);
      request.end();
      await answer;
      return new WeakRef(request);
    })();
    await expect
      .poll(() => {
        collect();
        return request.deref() === undefined;
      })
      .toBe(true);
    expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
  });
});

describe('a request of node:http', () => {
  it('in a context without tracing is not touched', async () => {
    const { origin } = await httpServer((req, res) => res.end(JSON.stringify(req.headers)));
    telemetry.instrument();
    const recorder = new EventRecorder();
    const { body } = await recorder.run(
      () => askNode(origin, { agent: httpAgent() }),
      suppressTracing(context.active()),
    );
    expect(Object.keys(JSON.parse(body))).toEqual(['host', 'connection']);
    expect(recorder.calls).toEqual([]);
    expect(await telemetry.finished()).toEqual([]);
  });

  it('of two instrumentations has one span', async () => {
    const { origin } = await httpServer();
    telemetry.instrument();
    telemetry.instrument();
    await askNode(origin, { agent: httpAgent() });
    expect(await telemetry.finished()).toHaveLength(1);
  });

  it('is none of fetch', async () => {
    const { origin } = await httpServer();
    telemetry.instrument();
    await (await fetch(origin, { headers: { connection: 'close' } })).text();
    await askNode(origin, { agent: httpAgent() });
    expect(await telemetry.finished()).toHaveLength(2);
  });

  it('has no listeners that change what Node does', () => {
    telemetry.instrument();
    const request = http.request({ host: '127.0.0.1', port: 1 });
    const counts = ['response', 'error', 'upgrade', 'connect', 'data', 'drain', 'continue'].map((event) =>
      request.listenerCount(event),
    );
    expect(counts).toEqual(counts.map(() => 0));
    request.on('error', () => undefined).destroy();
  });

  it('is answered in the same turn, and its body left alone, as without us', async () => {
    const { origin } = await httpServer((_req, res) => res.end('hello'));
    const events = async () => {
      const seen: string[] = [];
      const request = nodeRequest(origin, { agent: httpAgent() });
      for (const event of ['socket', 'finish', 'close']) {
        request.on(event, () => seen.push(event));
      }
      request.on('response', (response) => {
        seen.push(`response, flowing ${response.readableFlowing}`);
        for (const event of ['data', 'end', 'close']) {
          response.on(event, () => seen.push(`response ${event}`));
        }
      });
      request.end();
      await once(request, 'close');
      return seen;
    };
    const without = await events();
    telemetry.instrument();
    expect(await events()).toEqual(without);
  });

  it('gives each hook the same connection, response and error as the program has', async () => {
    const { origin } = await httpServer();
    telemetry.instrument();
    const recorder = new EventRecorder();
    const request = recorder.run(() => nodeRequest(origin, { agent: httpAgent() }));
    const answer = answerOf(request);
    request.end();
    await answer;
    expect(recorder.gotConn.conn).toBe(request.socket);
  });
});
