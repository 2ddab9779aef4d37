import * as http from 'node:http';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import * as tls from 'node:tls';
import { describe, expect, it } from 'vitest';
import { type NodeAsking, tracedNode } from '../../support/clients/node-clients.js';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { useContextManager } from '../../support/context-manager.js';
import { codeOf } from '../../support/event-recorder.js';
import { CA } from '../../support/servers/certificates.js';
import { listen } from '../../support/servers/listen.js';
import { refusedPort } from '../../support/servers/raw-server.js';
import { httpServer, httpsServer } from '../../support/servers/truthful-server.js';

useContextManager();
const ledger = useRequestLedger();

const DIAL = ['connectStart', 'connectDone'];
const HANDSHAKE = ['tlsHandshakeStart', 'tlsHandshakeDone'];
const SENT_AND_ANSWERED = ['wroteHeaders', 'wroteRequest', 'gotFirstResponseByte'];

type Done = (error: Error | null, socket: net.Socket) => void;
type Connect = (done: Done) => net.Socket | undefined;

/** What goes to `http.request`, whose types want a socket at once. */
function by(connect: Connect): NodeAsking {
  return { createConnection: (_options, done) => connect(done as Done) };
}

/** Hands a socket over when it is connected. */
function whenReady(socket: net.Socket, event: string, done: Done): undefined {
  socket.once(event, () => done(null, socket)).once('error', (error) => done(error, socket));
}

describe('a request whose connection the program makes', () => {
  it('by a socket of its own for each of two in one turn has its own dial', async () => {
    const { origin, port } = await httpServer();
    const pair = [net.connect(port, '127.0.0.1'), net.connect(port, '127.0.0.1')];
    const all = await Promise.all(
      pair.map((socket, n) =>
        tracedNode(
          `${origin}/${n}`,
          by(() => socket),
        ),
      ),
    );
    for (const { recorder } of all) {
      expect(recorder.hooks).toEqual(['getConn', ...DIAL, 'gotConn', ...SENT_AND_ANSWERED]);
      expect(recorder.only('connectDone')).toEqual(['tcp', `127.0.0.1:${port}`]);
    }
  });

  it.each<[string, (dial: () => net.Socket) => Connect]>([
    ['when it is connected', (dial) => (done) => whenReady(dial(), 'connect', done)],
    [
      'later',
      (dial) => (done) => {
        setImmediate().then(() => done(null, dial()));
        return undefined;
      },
    ],
    [
      'later, when it is connected',
      (dial) => (done) => {
        setImmediate().then(() => whenReady(dial(), 'connect', done));
        return undefined;
      },
    ],
  ])('that is handed over %s has its dial once, and its name', async (_how, connect) => {
    const { origin, port } = await httpServer();
    const { recorder } = await tracedNode(
      `${origin}/late`,
      by(connect(() => net.connect({ host: 'localhost', family: 4, port }))),
    );
    expect(recorder.hooks).toEqual([
      'getConn',
      'dnsStart',
      'dnsDone',
      ...DIAL,
      'gotConn',
      ...SENT_AND_ANSWERED,
    ]);
    expect(recorder.dnsDone.addrs).toEqual([{ address: '127.0.0.1', family: 4 }]);
  });

  it('and shakes hands has that handshake', async () => {
    const { port } = await httpsServer();
    const options = { port, host: '127.0.0.1', ca: CA, servername: 'localhost' };
    const { recorder } = await tracedNode(
      `https://localhost:${port}/`,
      by((done) => whenReady(tls.connect(options), 'secureConnect', done)),
    );
    expect(recorder.hooks).toEqual(['getConn', ...DIAL, ...HANDSHAKE, 'gotConn', ...SENT_AND_ANSWERED]);
    expect(recorder.tlsState).toMatchObject({ serverName: 'localhost', authorized: true });
  });

  it.each<[string, (dial: () => tls.TLSSocket) => Connect]>([
    ['at once', (dial) => () => dial()],
    [
      'later',
      (dial) => (done) => {
        setImmediate().then(() => done(null, dial()));
        return undefined;
      },
    ],
  ])('%s, to a peer that is not trusted, is told who that was', async (_when, connect) => {
    const { port } = await httpsServer();
    const { recorder, error } = await tracedNode(
      `https://localhost:${port}/`,
      by(connect(() => tls.connect({ port, host: '127.0.0.1', servername: 'localhost' }))),
    );
    expect(error).toBeInstanceOf(Error);
    expect(recorder.tlsState).toMatchObject({ version: 'TLSv1.3', authorized: false });
    expect(recorder.tlsState.peerCertificate?.subject.CN).toBe('localhost');
  });

  it('to a unix socket has that dial', async () => {
    const path = join(tmpdir(), `httptrace-own-${process.pid}-${Date.now()}.sock`);
    await listen(
      http.createServer((_request, response) => response.end()),
      path,
    );
    const { recorder } = await tracedNode(
      'http://localhost/',
      by((done) => whenReady(net.connect(path), 'connect', done)),
    );
    expect(recorder.only('connectDone')).toEqual(['unix', path]);
  });

  it('and cannot make has the dial that failed with its error', async () => {
    const port = await refusedPort();
    const { recorder, error } = await tracedNode(
      `http://localhost:${port}/`,
      by((done) => whenReady(net.connect(port, '127.0.0.1'), 'connect', done)),
    );
    expect(codeOf(error)).toBe('ECONNREFUSED');
    expect(recorder.hooks).toEqual(['getConn', ...DIAL]);
    expect(recorder.only('connectDone')[2]).toBe(error);
  });

  it('has none of the dials that the program makes for something else meanwhile', async () => {
    const { origin, port } = await httpServer();
    const others: net.Socket[] = [];
    const { recorder } = await tracedNode(
      `${origin}/mine`,
      by((done) => {
        others.push(net.connect(port, '127.0.0.1'));
        setImmediate().then(() => {
          others.push(net.connect(port, '127.0.0.1'));
          whenReady(net.connect(port, '127.0.0.1'), 'connect', done);
        });
        return undefined;
      }),
    );
    for (const socket of others) {
      socket.destroy();
    }
    expect(recorder.count('connectStart')).toBe(1);
    expect(ledger.count('connectStart')).toBe(1);
  });
});
