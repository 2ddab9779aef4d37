import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import * as tls from 'node:tls';
import { describe, expect, it } from 'vitest';
import { askHttp2, openSession, resultOf } from '../../support/clients/http2-sessions.js';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { useContextManager } from '../../support/context-manager.js';
import { EventRecorder, record } from '../../support/event-recorder.js';
import { CA } from '../../support/servers/certificates.js';
import { refusedPort } from '../../support/servers/raw-server.js';
import { streamServer } from '../../support/servers/stream-server.js';

useContextManager();
const ledger = useRequestLedger();

const TCP = ['connectStart', 'connectDone'];
const HANDSHAKE = ['tlsHandshakeStart', 'tlsHandshakeDone'];
const SENT = ['gotConn', 'wroteHeaders', 'wroteRequest', 'gotFirstResponseByte'];

/** Node hands it on to `tls.connect`; its types leave it out. */
const IPV4: object = { family: 4 };

/** A request of its own context. */
async function ask(session: ClientHttp2Session, path: string): Promise<EventRecorder> {
  const { recorder, result } = record(() => askHttp2(session, { ':path': path }));
  await result;
  return recorder;
}

describe('the hooks of a request over node:http2', () => {
  it('run in the order of Go, the dial on the request that waits for it, and no putIdleConn', async () => {
    const { origin, port } = await streamServer();
    const session = openSession(origin);
    const first = await ask(session, '/first');
    const second = await ask(session, '/second');
    expect(first.hooks).toEqual(['getConn', ...TCP, ...SENT]);
    expect(first.only('getConn')).toEqual([`127.0.0.1:${port}`]);
    expect(first.only('connectStart')).toEqual(['tcp', `127.0.0.1:${port}`]);
    expect(first.gotConn).toMatchObject({ reused: false, wasIdle: false, idleTime: 0 });
    expect(second.hooks).toEqual(['getConn', ...SENT]);
    expect(second.gotConn).toMatchObject({ reused: true, wasIdle: true });
    expect(second.gotConn.conn).toBe(first.gotConn.conn);
    expect(first.gotConn.conn).toBeInstanceOf(net.Socket);
  });

  it('tell the name and the handshake of a session over TLS', async () => {
    const { port } = await streamServer(undefined, { tls: true, host: 'localhost' });
    const session = openSession(`https://localhost:${port}`, { ca: CA, ...IPV4 });
    const recorder = await ask(session, '/');
    expect(recorder.hooks).toEqual(['getConn', 'dnsStart', 'dnsDone', ...TCP, ...HANDSHAKE, ...SENT]);
    expect(recorder.only('getConn')).toEqual([`localhost:${port}`]);
    expect(recorder.only('dnsStart')).toEqual([{ host: 'localhost' }]);
    expect(recorder.tlsState).toMatchObject({ negotiatedProtocol: 'h2', version: 'TLSv1.3' });
  });

  it('tell a unix socket, whose dial begins before there is a request', async () => {
    const path = join(tmpdir(), `httptrace-${process.pid}.sock`);
    await streamServer(undefined, { path });
    const session = openSession('http://localhost', { createConnection: () => net.connect(path) });
    const recorder = await ask(session, '/');
    expect(recorder.hooks).toEqual(['getConn', ...TCP, ...SENT]);
    expect(recorder.only('connectStart')).toEqual(['unix', path]);
    expect(recorder.only('getConn')).toEqual(['localhost:80']);
  });

  it('tell the dial to a request that is made later in the same turn', async () => {
    const { origin } = await streamServer();
    const session = openSession(origin);
    await null;
    expect((await ask(session, '/')).hooks).toEqual(['getConn', ...TCP, ...SENT]);
  });

  it('leave out of the dial what began in a turn before', async () => {
    const { origin, port } = await streamServer(undefined, { tls: true });
    const socket = tls.connect({ host: '127.0.0.1', port, ca: CA, ALPNProtocols: ['h2'] });
    const session = openSession(origin, { createConnection: () => socket });
    await once(socket, 'connect');
    await setImmediate();
    expect(session.connecting).toBe(true);
    expect((await ask(session, '/')).hooks).toEqual(['getConn', ...SENT]);
  });

  it('tell the dial to nobody if the session is connected before its first request', async () => {
    const { origin } = await streamServer();
    const session = openSession(origin);
    await once(session, 'connect');
    const recorder = await ask(session, '/');
    expect(recorder.hooks).toEqual(['getConn', ...SENT]);
    expect(recorder.gotConn).toMatchObject({ reused: false, wasIdle: true });
    expect(recorder.gotConn.idleTime).toBeGreaterThan(0);
  });

  it('tell requests that wait for a session each its own wait, and one of them the dial', async () => {
    const { origin } = await streamServer();
    const session = openSession(origin);
    const all = await Promise.all(['/a', '/b', '/c'].map((path) => ask(session, path)));
    expect(all.map(({ hooks }) => hooks)).toEqual([
      ['getConn', ...TCP, ...SENT],
      ['getConn', ...SENT],
      ['getConn', ...SENT],
    ]);
    expect(all.map(({ gotConn }) => [gotConn.reused, gotConn.wasIdle])).toEqual([
      [false, false],
      [true, false],
      [true, false],
    ]);
  });

  it('tell a session that carries another stream as busy', async () => {
    const { origin } = await streamServer((stream, { ':path': path }) => {
      stream.respond({ ':status': 200 });
      if (path !== '/open') {
        stream.end();
      }
    });
    const session = openSession(origin);
    const open = session.request({ ':path': '/open' });
    await once(open, 'response');
    expect((await ask(session, '/beside')).gotConn).toMatchObject({ reused: true, wasIdle: false });
    open.close();
    await once(open.resume(), 'close');
    expect((await ask(session, '/after')).gotConn).toMatchObject({ reused: true, wasIdle: true });
  });

  it('tell the fields as they are sent, the pseudo-headers first', async () => {
    const { origin, port } = await streamServer();
    const { recorder, result } = record(() =>
      askHttp2(openSession(origin), { Accept: 'a/b', ':path': '/', 'x-two': ['1', '2'] }),
    );
    await result;
    expect(recorder.all('wroteHeaderField')).toEqual([
      [':path', ['/']],
      [':method', ['GET']],
      [':authority', [`127.0.0.1:${port}`]],
      [':scheme', ['http']],
      ['accept', ['a/b']],
      ['x-two', ['1', '2']],
    ]);
  });

  it('tell a body when it is sent, also one that was given while the session connects', async () => {
    const { origin } = await streamServer((stream) => {
      stream.resume().on('end', () => {
        stream.respond({ ':status': 200 });
        stream.end('ok');
      });
    });
    const session = openSession(origin);
    for (const dialled of [TCP, []]) {
      const { recorder, result } = record(() => {
        const stream = session.request({ ':method': 'POST', ':path': '/' });
        stream.end('hello');
        return resultOf(stream);
      });
      expect(await result).toMatchObject({ status: 200, body: 'ok' });
      expect(recorder.hooks).toEqual(['getConn', ...dialled, ...SENT]);
    }
    await ledger.settled();
  });

  it('tell informational responses before the final one, though both came at once', async () => {
    const { origin } = await streamServer((stream) => {
      stream.additionalHeaders({ ':status': 103, link: '</style.css>; rel=preload' });
      stream.respond({ ':status': 200 });
      stream.end('ok');
    });
    const recorder = await ask(openSession(origin), '/hints');
    expect(recorder.hooks.slice(-2)).toEqual(['gotFirstResponseByte', 'got1xxResponse']);
    expect(recorder.only('got1xxResponse')).toMatchObject([103, { link: '</style.css>; rel=preload' }]);
    const told = ledger.of('/hints').facts.map(({ name }) => name);
    expect(told.indexOf('got1xxResponse')).toBeLessThan(told.indexOf('gotResponse'));
  });

  it('abort the request with the error that got1xxResponse gives back', async () => {
    const { origin } = await streamServer((stream) => {
      stream.additionalHeaders({ ':status': 103 });
      stream.respond({ ':status': 200 });
      stream.end('ok');
    });
    const refusal = Object.assign(new Error('no hints'), { code: 'E_REFUSED' });
    const recorder = new EventRecorder();
    recorder.trace.got1xxResponse = () => refusal;
    const result = await recorder.run(() => askHttp2(openSession(origin), { ':path': '/refused' }));
    expect(result.error).toBe('E_REFUSED');
    expect(ledger.of('/refused').facts.at(-1)).toEqual({ name: 'failed', args: [refusal] });
  });

  it('tell that a body waits for 100 Continue', async () => {
    const { origin } = await streamServer((stream) => {
      stream.additionalHeaders({ ':status': 100 });
      stream.resume().on('end', () => stream.respond({ ':status': 204 }, { endStream: true }));
    });
    const { recorder, result } = record(() => {
      const stream = openSession(origin).request({ ':method': 'POST', expect: '100-continue' });
      stream.on('continue', () => stream.end('hello'));
      return resultOf(stream);
    });
    await result;
    expect(recorder.hooks).toEqual([
      'getConn',
      ...TCP,
      'gotConn',
      'wroteHeaders',
      'wait100Continue',
      'gotFirstResponseByte',
      'got1xxResponse',
      'got100Continue',
      'wroteRequest',
    ]);
  });

  it('tell a refused dial to the first request, and its error to all', async () => {
    const session = openSession(`http://127.0.0.1:${await refusedPort()}`);
    const all = await Promise.all(['/a', '/b'].map((path) => ask(session, path)));
    expect(all.map(({ hooks }) => hooks)).toEqual([['getConn', ...TCP], ['getConn']]);
    for (const path of ['/a', '/b']) {
      expect(ledger.of(path).facts.at(-1)).toMatchObject({
        name: 'failed',
        args: [{ code: 'ECONNREFUSED' }],
      });
    }
  });

  it('are told of a connect that was taken before anybody looked, as of any other', async () => {
    const { origin } = await streamServer();
    const session = connect(origin);
    const recorder = await ask(session, '/');
    session.destroy();
    expect(recorder.hooks).toEqual(['getConn', ...TCP, ...SENT]);
  });
});
