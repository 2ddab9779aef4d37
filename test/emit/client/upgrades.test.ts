import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { INSTALLED_UNDICI } from '../../support/clients/installed-undici.js';
import { listen } from '../../support/servers/listen.js';
import {
  connected,
  dialled,
  durations,
  EXCHANGE,
  gotNew,
  requested,
  wanted,
} from '../../support/telemetry/expected-span.js';
import { type ShownSpan, useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

/** 101 is no error, and the end of what HTTP knows of the connection. */
const handedOver = (port: number): ShownSpan => ({
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

/** Takes each upgrade, and echoes what comes then. */
function echoServer(): Promise<number> {
  const server = createServer().on('upgrade', (_req, socket: Socket) => {
    socket.on('error', () => socket.destroy());
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  return listen(server);
}

/** Greets each client; on the http server of the tests, which closes its connections. */
function webSocketServer(): Promise<number> {
  const server = createServer();
  const webSockets = new WebSocketServer({ server });
  webSockets.on('connection', (socket) => socket.send('hello'));
  return listen(server);
}

describe.each(INSTALLED_UNDICI)('$name: the span of an upgrade', ({ Client, installed }) => {
  it('ends when the connection is handed over', async () => {
    const port = await echoServer();
    telemetry.instrument();
    const client = new Client(`http://127.0.0.1:${port}`);
    onTestFinished(() => client.destroy());
    const { socket } = await client.upgrade({ path: '/', protocol: 'echo' });
    onTestFinished(() => void socket.destroy());
    expect(await telemetry.onlyShown()).toEqual(handedOver(port));
    socket.write('still there');
    expect(String((await once(socket, 'data'))[0])).toBe('still there');
  });

  it('says what was answered instead', async () => {
    const port = await listen(createServer((_req, res) => res.writeHead(403).end('no')));
    telemetry.instrument();
    const client = new Client(`http://127.0.0.1:${port}`);
    onTestFinished(() => client.destroy());
    await expect(client.upgrade({ path: '/', protocol: 'echo' })).rejects.toThrow();
    const { status, attributes, events } = await telemetry.onlyShown();
    expect(status).toEqual({ code: 'ERROR', message: 'bad upgrade' });
    expect(attributes).toMatchObject({
      'http.response.status_code': 403,
      'error.type': 'UND_ERR_SOCKET',
      'httptrace.failed_phase': 'receive',
    });
    expect(events.at(-1)).toEqual(['http.receive.done', { 'error.type': 'UND_ERR_SOCKET' }]);
  });

  it('to a WebSocket ends with the handshake', async () => {
    const port = await webSocketServer();
    telemetry.instrument();
    const agent = new installed.Agent();
    onTestFinished(() => agent.destroy());
    const webSocket = new installed.WebSocket(`ws://127.0.0.1:${port}`, { dispatcher: agent });
    const message = once(webSocket, 'message');
    const [{ data }] = await message;
    expect(data).toBe('hello');
    expect(await telemetry.onlyShown()).toEqual(handedOver(port));
    webSocket.close();
  });
});

/** The types are of Node 20, which keeps it behind a flag. */
const BuiltIn: (new (url: string) => EventTarget & { close(): void }) | undefined = Reflect.get(
  globalThis,
  'WebSocket',
);

describe.runIf(BuiltIn !== undefined)('the span of a WebSocket of Node', () => {
  it('ends with the handshake', async () => {
    const port = await webSocketServer();
    telemetry.instrument();
    const webSocket = BuiltIn && new BuiltIn(`ws://127.0.0.1:${port}`);
    await new Promise((resolve) => webSocket?.addEventListener('message', resolve));
    expect(await telemetry.onlyShown()).toEqual(handedOver(port));
    webSocket?.close();
  });
});
