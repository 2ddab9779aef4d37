import { once } from 'node:events';
import * as http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { httpAgent, nodeRequest } from '../../../support/clients/node-clients.js';
import { listen } from '../../../support/servers/listen.js';
import { onEachHead, rawServer } from '../../../support/servers/raw-server.js';
import {
  connected,
  dialled,
  durations,
  EXCHANGE,
  gotNew,
  requested,
  wanted,
} from '../../../support/telemetry/expected-span.js';
import { useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

async function echoServer(path?: string): Promise<{ port: number; traceparents: (string | undefined)[] }> {
  const server = http.createServer();
  const traceparents: (string | undefined)[] = [];
  new WebSocketServer({ server }).on('connection', (socket, request) => {
    traceparents.push(request.headersDistinct.traceparent?.join());
    socket.on('message', (message) => socket.send(message));
  });
  return { port: await listen(server, path), traceparents };
}

async function echoed(url: string): Promise<string> {
  const socket = new WebSocket(url);
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  socket.send('hello');
  const [message] = await once(socket, 'message');
  return String(message);
}

describe('a WebSocket of ws', () => {
  it('has a span that ends at the hand-over, and goes on', async () => {
    const { port, traceparents } = await echoServer();
    telemetry.instrument();
    expect(await echoed(`ws://127.0.0.1:${port}/`)).toBe('hello');
    const span = await telemetry.only();
    expect(traceparents).toEqual([`00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`]);
    expect(await telemetry.onlyShown()).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'UNSET' },
      attributes: {
        ...requested(`http://127.0.0.1:${port}`, '/'),
        ...connected(port),
        ...durations('getconn', 'connect', 'send', 'wait', 'receive'),
        'http.response.status_code': 101,
      },
      events: [wanted('127.0.0.1', port), ...dialled(port), gotNew(port), ...EXCHANGE],
    });
  });

  it('is refused with the status that the server gave', async () => {
    const { origin } = await rawServer((socket) =>
      onEachHead(socket, () => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')),
    );
    telemetry.instrument();
    await expect(echoed(origin.replace('http', 'ws'))).rejects.toThrow('403');
    expect(await telemetry.onlyShown()).toMatchObject({
      status: { code: 'ERROR' },
      attributes: { 'http.response.status_code': 403, 'error.type': '403' },
    });
  });

  it('may go over a unix socket', async () => {
    const path = join(tmpdir(), `httptrace-ws-${process.pid}-${Date.now()}.sock`);
    await echoServer(path);
    telemetry.instrument();
    expect(await echoed(`ws+unix://${path}:/`)).toBe('hello');
    expect((await telemetry.onlyShown()).attributes).toMatchObject({
      'http.response.status_code': 101,
      'network.peer.address': path,
    });
  });
});

describe('an upgrade of node:http', () => {
  const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: line\r\n\r\n';

  it('is over before the program is handed the connection', async () => {
    const { origin } = await rawServer((socket) =>
      onEachHead(socket, () => socket.write(`${SWITCH}first line\n`)),
    );
    telemetry.instrument();
    const request = nodeRequest(origin, {
      agent: httpAgent(),
      headers: { connection: 'upgrade', upgrade: 'line' },
    }).end();
    const [ended, head] = await new Promise<[number, string]>((resolve) => {
      request.on('upgrade', (_response, socket, head) => {
        resolve([telemetry.endedCount, head.toString()]);
        socket.destroy();
      });
    });
    expect({ ended, head }).toEqual({ ended: 1, head: 'first line\n' });
  });

  it('that nobody takes is closed by Node as without us, and over', async () => {
    const { origin } = await rawServer((socket) => onEachHead(socket, () => socket.write(SWITCH)));
    telemetry.instrument();
    const request = nodeRequest(origin, {
      agent: httpAgent(),
      headers: { connection: 'upgrade', upgrade: 'line' },
    }).end();
    await new Promise((resolve) => request.on('close', resolve));
    expect(await telemetry.onlyShown()).toMatchObject({
      status: { code: 'UNSET' },
      attributes: { 'http.response.status_code': 101 },
    });
  });
});
