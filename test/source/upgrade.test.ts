import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { INSTALLED_UNDICI } from '../support/clients/installed-undici.js';
import { useRequestLedger } from '../support/clients/request-ledger.js';
import { UNDICI_FLAVOURS } from '../support/clients/undici-flavours.js';
import { closing } from '../support/clients/undici-traced.js';
import { useContextManager } from '../support/context-manager.js';
import { EventRecorder } from '../support/event-recorder.js';
import { listen } from '../support/servers/listen.js';
import { httpServer } from '../support/servers/truthful-server.js';

useContextManager();
const ledger = useRequestLedger();

const UPGRADED = [
  ...['getConn', 'connectStart', 'connectDone'],
  ...['gotConn', 'wroteHeaders', 'wroteRequest', 'gotFirstResponseByte'],
];

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

async function webSocketServer(): Promise<string> {
  const server = createServer();
  server.on('upgrade', (req, socket) => {
    const accept = createHash('sha1').update(`${req.headers['sec-websocket-key']}${GUID}`).digest('base64');
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\n' +
        `connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    );
    socket.on('error', () => socket.destroy());
  });
  return `127.0.0.1:${await listen(server)}`;
}

describe.each(INSTALLED_UNDICI)('$name', ({ installed: { Agent, WebSocket } }) => {
  it('ends a WebSocket when its connection is handed over', async () => {
    const host = await webSocketServer();
    const recorder = new EventRecorder();
    const dispatcher = closing(new Agent());
    const socket = recorder.run(() => new WebSocket(`ws://${host}/chat`, { dispatcher }));
    await once(socket, 'open');
    expect(recorder.hooks).toEqual(UPGRADED);
    const told = ledger.of('/chat').facts;
    expect(told.find(({ name }) => name === 'gotResponse')?.args).toMatchObject([{ statusCode: 101 }]);
    expect(told.at(-1)?.name).toBe('ended');
  });

  it('fails a WebSocket whose server does not know it', async () => {
    const { port } = await httpServer();
    const recorder = new EventRecorder();
    const dispatcher = closing(new Agent());
    const socket = recorder.run(() => new WebSocket(`ws://127.0.0.1:${port}/chat`, { dispatcher }));
    await once(socket, 'error');
    await ledger.settled();
    expect(recorder.hooks.slice(0, UPGRADED.length)).toEqual(UPGRADED);
  });
});

describe.each(UNDICI_FLAVOURS)('$name', ({ Client }) => {
  it('ends an upgrade when its connection is handed over', async () => {
    const host = await webSocketServer();
    const recorder = new EventRecorder();
    const client = closing(new Client(`http://${host}`));
    const { socket } = await recorder.run(() => client.upgrade({ path: '/upgrade', protocol: 'websocket' }));
    socket.destroy();
    expect(recorder.hooks).toEqual(UPGRADED);
    expect(ledger.of('/upgrade').facts.at(-1)?.name).toBe('ended');
  });
});
