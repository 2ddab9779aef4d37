import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { Socket } from 'node:net';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { RawClient } from '../../support/clients/raw-client.js';
import { listen } from '../../support/servers/listen.js';
import { eventsOf, useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();
const UPGRADE = ['GET /chat HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: Echo'];

describe('an upgrade', () => {
  test('is a SERVER span that ends when the connection is handed over, which works on', async () => {
    served.record();
    const server = createServer();
    let active: string | undefined;
    server.on('upgrade', (_req, socket) => {
      active = trace.getActiveSpan()?.spanContext().spanId;
      socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
      socket.pipe(socket);
    });
    const client = await RawClient.connect(await listen(server));
    client.send(UPGRADE);
    const span = await served.only();
    expect(span.name).toBe('GET');
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(span.spanContext().spanId).toBe(active);
    expect(span.attributes['url.path']).toBe('/chat');
    expect(span.attributes).not.toHaveProperty('http.response.status_code');
    expect(span.attributes).not.toHaveProperty('http.response.body.size');
    expect(eventsOf(span)).toEqual([['http.connection.hijacked', { 'network.protocol.name': 'echo' }]]);

    await client.until('101');
    client.socket.write('ping');
    await client.until('ping');
    client.socket.destroy();
  });

  test('leaves the connection as untouched as without us', async () => {
    const handedOver = async (): Promise<unknown[]> => {
      const server = createServer();
      const port = await listen(server);
      let seen: unknown[] = [];
      server.on('upgrade', (req, socket) => {
        // Node keeps the address once it was asked for.
        expect(req.socket.remoteAddress).toBe('127.0.0.1');
        seen = [Reflect.ownKeys(socket), socket.eventNames(), socket.readableFlowing];
        socket.end();
      });
      const client = await RawClient.connect(port);
      client.send(UPGRADE);
      await client.closed();
      return seen;
    };
    const without = await handedOver();
    served.record();
    expect(await handedOver()).toEqual(without);
    await served.only();
  });

  test('that nobody listens for is a plain request', async () => {
    served.record();
    const port = await listen(createServer((_req, res) => res.end('plain')));
    const client = await RawClient.connect(port);
    client.send(['GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade, close', 'Upgrade: echo']);
    await client.until('plain');
    expect((await served.only()).attributes['http.response.status_code']).toBe(200);
    client.socket.destroy();
  });

  test('whose listener throws is an error', async () => {
    served.record();
    const server = createServer().on('upgrade', (_req, socket) => {
      socket.destroy();
      throw new Error('no chat');
    });
    const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve));
    const client = await RawClient.connect(await listen(server));
    client.send(UPGRADE);
    const error = await uncaught;
    expect(error).toMatchObject({ message: 'no chat' });
    expect((await served.only()).status).toEqual({ code: SpanStatusCode.ERROR, message: 'no chat' });
  });

  test('can have its event toggled', async () => {
    served.record({ hooks: { hijack: false } });
    const server = createServer().on('upgrade', (_req, socket) => socket.end());
    const client = await RawClient.connect(await listen(server));
    client.send(UPGRADE);
    expect((await served.only()).events).toEqual([]);
  });

  test('to a web socket leaves it to ws', async () => {
    served.record();
    const sockets = new WebSocketServer({ server: createServer() });
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${data}`)));
    const server = sockets.options.server;
    if (server === undefined || server === null) {
      throw new Error('No server');
    }
    const socket = new WebSocket(`ws://127.0.0.1:${await listen(server as ReturnType<typeof createServer>)}`);
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    expect(eventsOf(await served.only())).toEqual([
      ['http.connection.hijacked', { 'network.protocol.name': 'websocket' }],
    ]);
    socket.send('hi');
    const [message] = await once(socket, 'message');
    expect(String(message)).toBe('echo hi');
  });
});

describe('a CONNECT', () => {
  test('is a SERVER span that ends when the connection is handed over', async () => {
    served.record();
    const server = createServer().on('connect', (_req, socket, head) => {
      socket.write(`HTTP/1.1 200 OK\r\n\r\n${head}`);
      socket.pipe(socket);
    });
    const req = request({ port: await listen(server), method: 'CONNECT', path: 'b.example:443' }).end();
    const socket: Socket = (await once(req, 'connect'))[1];
    const span = await served.only();
    expect(span.name).toBe('CONNECT');
    expect(span.attributes).not.toHaveProperty('url.path');
    expect(eventsOf(span)).toEqual([['http.connection.hijacked', {}]]);
    socket.write('through');
    expect(String((await once(socket, 'data'))[0])).toBe('through');
    socket.destroy();
  });

  test('that nobody listens for is closed by Node, and is no request', async () => {
    served.record();
    const client = await RawClient.connect(await listen(createServer()));
    client.send(['CONNECT b:443 HTTP/1.1', 'Host: b:443']);
    await client.closed();
    expect(await served.spans(0)).toEqual([]);
  });
});
