import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { buildConnector } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { closing, seenByServer, told, tracedRequest } from '../../support/clients/undici-traced.js';
import { useContextManager } from '../../support/context-manager.js';
import { EventRecorder } from '../../support/event-recorder.js';
import { CA, certificate } from '../../support/servers/certificates.js';
import { listen } from '../../support/servers/listen.js';
import { httpServer, httpsServer } from '../../support/servers/truthful-server.js';

useContextManager();
useRequestLedger();

type Connector = buildConnector.connector;

const SENT = ['gotConn', 'wroteHeaders', 'wroteRequest', 'gotFirstResponseByte', 'putIdleConn'];
const DIALLED = ['getConn', 'connectStart', 'connectDone', ...SENT];
const NOT_DIALLED = ['getConn', ...SENT];

/** Connects at once, to where it was told or elsewhere. */
const dialTo =
  (port?: number): Connector =>
  (options, callback) => {
    const socket = connect(port ?? Number(options.port), '127.0.0.1');
    socket.once('connect', () => callback(null, socket));
    socket.once('error', (error) => callback(error, null));
  };

const dialTlsTo =
  (port: number): Connector =>
  (_options, callback) => {
    const socket = connectTls({ port, host: '127.0.0.1', ca: CA });
    socket.once('secureConnect', () => callback(null, socket));
  };

/** Bytes that go through a socket, without being one. */
class Pipe extends Duplex {
  readonly socket: Socket;

  constructor(socket: Socket) {
    super();
    this.socket = socket;
    socket.on('data', (data) => this.push(data));
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.socket.write(chunk, () => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.socket.destroy();
    done(error);
  }
}

function unixPath(): string {
  const directory = mkdtempSync(join(tmpdir(), 'httptrace-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return join(directory, 'socket');
}

describe.each(UNDICI_FLAVOURS)('$name', ({ Client }) => {
  it('dials a unix socket, and looks up no name', async () => {
    const path = unixPath();
    await listen(
      createServer((_req, res) => res.end('ok')),
      path,
    );
    const { recorder } = await tracedRequest(
      closing(new Client('http://localhost', { socketPath: path })),
      'http://localhost/',
    );
    expect(recorder.hooks).toEqual(DIALLED);
    expect(recorder.only('connectStart')).toEqual(['unix', path]);
    expect(recorder.only('connectDone')).toEqual(['unix', path]);
  });

  it('dials a unix socket that speaks TLS, and looks up no name', async () => {
    const path = unixPath();
    await listen(
      createHttpsServer(certificate('localhost'), (_req, res) => res.end('ok')),
      path,
    );
    const { recorder } = await tracedRequest(
      closing(new Client('https://localhost', { socketPath: path, connect: { ca: CA } })),
      'https://localhost/',
    );
    expect(recorder.hooks).toEqual([
      ...['getConn', 'connectStart', 'connectDone', 'tlsHandshakeStart', 'tlsHandshakeDone'],
      ...SENT,
    ]);
    expect(recorder.only('connectStart')).toEqual(['unix', path]);
  });

  it('tells the dial of a connector', async () => {
    const { origin, port } = await httpServer();
    const result = await tracedRequest(closing(new Client(origin, { connect: dialTo() })), origin);
    expect(result.recorder.hooks).toEqual(DIALLED);
    expect(result.recorder.only('connectStart')).toEqual(['tcp', `127.0.0.1:${port}`]);
    expect(told(result.recorder.gotConn)).toEqual(seenByServer(result));
  });

  it('tells the dial of a connector to where it leads', async () => {
    const { port } = await httpServer();
    const result = await tracedRequest(
      closing(new Client('http://elsewhere.test', { connect: dialTo(port) })),
      'http://elsewhere.test/',
    );
    expect(result.recorder.hooks).toEqual(DIALLED);
    expect(result.recorder.only('getConn')).toEqual(['elsewhere.test:80']);
    expect(result.recorder.only('connectStart')).toEqual(['tcp', `127.0.0.1:${port}`]);
    expect(told(result.recorder.gotConn)).toEqual(seenByServer(result));
  });

  it('tells the handshake of a connector', async () => {
    const { origin, port } = await httpsServer();
    const result = await tracedRequest(closing(new Client(origin, { connect: dialTlsTo(port) })), origin);
    expect(result.recorder.hooks).toEqual([
      ...['getConn', 'connectStart', 'connectDone', 'tlsHandshakeStart', 'tlsHandshakeDone'],
      ...SENT,
    ]);
    expect(told(result.recorder.gotConn)).toEqual(seenByServer(result));
  });

  it.each<[string, (connector: Connector) => Connector]>([
    ['after a timer', (connector) => (options, callback) => setTimeout(connector, 1, options, callback)],
    ['after an await', (connector) => async (options, callback) => connector(await options, callback)],
    [
      'in a microtask',
      (connector) => (options, callback) => queueMicrotask(() => connector(options, callback)),
    ],
  ])('tells no dial of a connector that dials %s, nor takes another for it', async (_when, later) => {
    const { origin } = await httpServer();
    const unrelated = await httpServer();
    const client = closing(new Client(origin, { connect: later(dialTo()) }));
    const recorder = new EventRecorder();
    const asked = tracedRequest(client, origin, {}, recorder);
    const socket = recorder.run(() => connect(unrelated.port, '127.0.0.1'));
    const [result] = await Promise.all([asked, once(socket, 'connect')]);
    socket.destroy();
    expect(recorder.hooks).toEqual(NOT_DIALLED);
    expect(told(result.recorder.gotConn)).toEqual(seenByServer(result));
  });

  it('tells nothing of a socket that is made by whoever hears of a dial that failed at once', async () => {
    const { origin } = await httpServer();
    const unrelated = await httpServer();
    const refusing: Connector = (_options, callback) => callback(new Error('Not today'), null);
    const client = closing(new Client(origin, { connect: refusing }));
    const recorder = new EventRecorder();
    let socket: Socket | undefined;
    client.once('connectionError', () => {
      socket = connect(unrelated.port, '127.0.0.1');
    });
    const { error } = await tracedRequest(client, origin, {}, recorder);
    await once(socket as Socket, 'connect');
    socket?.destroy();
    expect(error).toMatchObject({ message: 'Not today' });
    expect(recorder.hooks).toEqual(['getConn']);
  });

  it('gives a request a connection that is no socket of Node', async () => {
    const { origin } = await httpServer();
    const through: Connector = (options, callback) =>
      dialTo()(options, (...[error, socket]) => {
        if (socket === null) {
          callback(error ?? new Error('No socket'), null);
        } else {
          callback(null, new Pipe(socket as Socket) as Duplex as Socket);
        }
      });
    const { recorder, answered } = await tracedRequest(
      closing(new Client(origin, { connect: through })),
      origin,
    );
    expect(answered?.status).toBe(200);
    expect(recorder.hooks).toEqual(DIALLED);
    expect(recorder.gotConn).toMatchObject({ conn: expect.any(Pipe), reused: false });
  });

  it('gives a request a connection that was there already', async () => {
    const { origin, port } = await httpServer();
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const client = closing(
      new Client(origin, { connect: (_options, callback) => void setImmediate(callback, null, socket) }),
    );
    const result = await tracedRequest(client, origin);
    expect(result.recorder.hooks).toEqual(NOT_DIALLED);
    expect(result.recorder.gotConn).toMatchObject({
      conn: socket,
      reused: false,
      wasIdle: false,
      idleTime: 0,
    });
  });

  it('fails with what a connector throws', async () => {
    const thrown = new Error('No way');
    const client = closing(
      new Client('http://localhost', {
        connect: () => {
          throw thrown;
        },
      }),
    );
    const { error, recorder } = await tracedRequest(client, 'http://localhost/');
    expect(error).toBe(thrown);
    expect(recorder.hooks).toEqual(['getConn']);
  });
});
