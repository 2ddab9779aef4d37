import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import { type Duplex, Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { UNDICI_FLAVOURS, type UndiciFlavour } from '../../support/clients/undici-flavours.js';
import { closing, seenByServer, told, tracedRequest } from '../../support/clients/undici-traced.js';
import { useContextManager } from '../../support/context-manager.js';
import { EventRecorder } from '../../support/event-recorder.js';
import { CA, certificate } from '../../support/servers/certificates.js';
import { listen } from '../../support/servers/listen.js';
import { http2Server } from '../../support/servers/truthful-server.js';

useContextManager();
const ledger = useRequestLedger();

const DIAL = ['connectStart', 'connectDone', 'tlsHandshakeStart', 'tlsHandshakeDone'];
const SENT = ['gotConn', 'wroteHeaders', 'wroteRequest', 'gotFirstResponseByte'];

/** undici 6 does not survive two requests at once on an HTTP/2 connection. */
function http2Client({ Client, major }: UndiciFlavour, origin: string): Dispatcher {
  return closing(
    new Client(origin, { allowH2: true, connect: { ca: CA }, pipelining: major === 6 ? 1 : 100 }),
  );
}

describe.each(UNDICI_FLAVOURS)('$name', (flavour) => {
  it('gives all requests one connection, which goes back to no pool', async () => {
    const { origin, connections } = await http2Server();
    const client = http2Client(flavour, origin);
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, i) => tracedRequest(client, `${origin}/${i}`)),
    );
    expect(connections).toHaveLength(1);
    expect(all.map(({ recorder }) => recorder.hooks)).toEqual([
      ['getConn', ...DIAL, ...SENT],
      ...Array(9).fill(['getConn', ...SENT]),
    ]);
    expect(all.map(({ recorder }) => told(recorder.gotConn))).toEqual(all.map(seenByServer));
    expect(all[0]?.recorder.tlsState.negotiatedProtocol).toBe('h2');
  });

  it('keeps the connection whose caller gave up, and gives it to the next as one that lay idle', async () => {
    const { origin, connections } = await http2Server();
    const client = http2Client(flavour, origin);
    const caller = new AbortController();
    const recorder = new EventRecorder().on('tlsHandshakeDone', () => caller.abort());
    const gaveUp = await tracedRequest(client, `${origin}/gave-up`, { signal: caller.signal }, recorder);
    const next = await tracedRequest(client, `${origin}/next`);
    expect(gaveUp.error).toMatchObject({ name: 'AbortError' });
    expect(gaveUp.recorder.hooks).toEqual(['getConn', ...DIAL]);
    expect(next.recorder.hooks).toEqual(['getConn', ...SENT]);
    expect(next.recorder.gotConn.reused).toBe(false);
    expect(told(next.recorder.gotConn)).toEqual(seenByServer(next));
    expect(connections).toHaveLength(1);
  });

  it('fails the one request of many whose stream is reset', async () => {
    const { origin } = await http2Server((req, res) =>
      req.url === '/2' ? res.stream.close(2) : res.end('ok'),
    );
    const client = http2Client(flavour, origin);
    const all = await Promise.all([1, 2, 3].map((i) => tracedRequest(client, `${origin}/${i}`)));
    expect(all.map(({ error }) => error !== undefined)).toEqual([false, true, false]);
    expect(ledger.of('/2').facts.at(-1)?.name).toBe('failed');
  });

  // undici 6 hangs then.
  if (flavour.major !== 6) {
    it('dials anew for the next request when the server has gone', async () => {
      const { origin, connections } = await http2Server();
      const client = http2Client(flavour, origin);
      const first = await tracedRequest(client, `${origin}/first`);
      const disconnected = once(client, 'disconnect');
      connections[0]?.destroy();
      await disconnected;
      const second = await tracedRequest(client, `${origin}/second`);
      expect([first, second].map(({ recorder }) => recorder.hooks)).toEqual(
        Array(2).fill(['getConn', ...DIAL, ...SENT]),
      );
      expect(connections).toHaveLength(2);
    });
  }

  it('tells a body, however it is written', async () => {
    const { origin } = await http2Server((req, res) => req.resume().on('end', () => res.end('ok')));
    const client = http2Client(flavour, origin);
    const { recorder } = await tracedRequest(client, origin, { method: 'POST', body: 'hello' });
    expect(recorder.hooks).toEqual(['getConn', ...DIAL, ...SENT]);
    const chunks = ledger.of('/').facts.filter(({ name }) => name === 'wroteBodyChunk');
    // undici 6 has no channel for what is written of a body.
    expect(chunks.map(({ args }) => args)).toEqual(flavour.major === 6 ? [] : [[5]]);
  });

  it('tells of a request whose answer comes before its body', async () => {
    const { origin } = await http2Server((_req, res) => {
      res.writeHead(413).end('too much');
    });
    const client = http2Client(flavour, origin);
    const never = new Readable({ read: () => undefined });
    const recorder = new EventRecorder();
    const asked = recorder.run(() => client.request({ origin, path: '/', method: 'POST', body: never }));
    const answer = await asked;
    expect(answer.statusCode).toBe(413);
    expect(recorder.hooks).toEqual([
      ...['getConn', ...DIAL, 'gotConn', 'wroteHeaders', 'gotFirstResponseByte'],
    ]);
    expect(recorder.all('wroteHeaderField').map(([name]) => name)).toEqual(
      expect.arrayContaining([':authority', ':method', ':path', ':scheme']),
    );
    never.push(null);
    expect(await answer.body.text()).toBe('too much');
  });

  it('says that a connection carried a stream of a CONNECT before', async () => {
    const { origin } = await http2Tunnels();
    const client = http2Client(flavour, origin);
    const socket = await new Promise<Duplex>((resolve, reject) =>
      client.connect({ origin, path: 'elsewhere.test:443' }, (error, data) =>
        error === null ? resolve(data.socket) : reject(error),
      ),
    );
    socket.on('error', () => undefined).destroy();
    const { recorder } = await tracedRequest(client, `${origin}/after`);
    expect(recorder.hooks).toEqual(['getConn', ...SENT]);
    expect(recorder.gotConn).toMatchObject({ reused: true, wasIdle: true });
  });

  // undici 6 knows no WebSocket over HTTP/2, and 7 fails each that a server has accepted.
  if (flavour.installed !== undefined && flavour.major > 7) {
    const { WebSocket } = flavour.installed;

    it('leaves each WebSocket on the connection to its caller, and the connection in its pool', async () => {
      const { origin, paths } = await http2WebSockets();
      const client = http2Client(flavour, origin);
      const open = async (path: string) => {
        const recorder = new EventRecorder();
        const url = origin.replace('https:', 'wss:') + path;
        const webSocket = recorder.run(() => new WebSocket(url, { dispatcher: client }));
        await once(webSocket, 'open');
        return { recorder, webSocket };
      };
      const [first, second] = [await open('/first'), await open('/second')];
      const { recorder } = await tracedRequest(client, `${origin}/after`);
      first.webSocket.close();
      second.webSocket.close();
      expect(paths).toEqual(['/first', '/second', '/after']);
      // What it sends ends with the WebSocket.
      const opened = ['gotConn', 'wroteHeaders', 'gotFirstResponseByte'];
      expect(first.recorder.hooks).toEqual(['getConn', ...DIAL, ...opened]);
      expect(second.recorder.hooks).toEqual(['getConn', ...opened]);
      expect(second.recorder.gotConn).toMatchObject({ reused: true });
      expect(recorder.hooks).toEqual(['getConn', ...SENT]);
      expect(recorder.gotConn).toMatchObject({ reused: true });
    });
  }
});

/** A server of HTTP/2 that takes a CONNECT, and answers everything else. */
async function http2Tunnels(): Promise<{ origin: string }> {
  const server = createSecureServer(certificate('localhost'));
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200 });
    stream.end();
  });
  return { origin: `https://127.0.0.1:${await listen(server)}` };
}

/** A server of HTTP/2 that takes a WebSocket, and answers everything else. */
async function http2WebSockets(): Promise<{ origin: string; paths: readonly string[] }> {
  const paths: string[] = [];
  const server = createSecureServer({
    ...certificate('localhost'),
    settings: { enableConnectProtocol: true },
  });
  server.on('stream', (stream, headers) => {
    paths.push(String(headers[':path']));
    stream.respond({ ':status': 200 });
    if (headers[':protocol'] === undefined) {
      stream.end('ok');
    }
  });
  return { origin: `https://127.0.0.1:${await listen(server)}`, paths };
}
