import { once } from 'node:events';
import { type ClientHttp2Session, constants, type ServerHttp2Stream } from 'node:http2';
import { setImmediate } from 'node:timers/promises';
import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { describe, expect, it } from 'vitest';
import { askHttp2, openSession, resultOf } from '../../support/clients/http2-sessions.js';
import { refusedPort } from '../../support/servers/raw-server.js';
import { streamServer } from '../../support/servers/stream-server.js';
import { ConnectionCounts, load, type OpenConnections } from '../../support/telemetry/open-connections.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const ON = { 'http.client.open_connections': true, 'http.client.connection.duration': true };
const NONE = { active: 0, idle: 0 };
const ACTIVE = { active: 1, idle: 0 };
const IDLE = { active: 0, idle: 1 };

function count(client = {}): ConnectionCounts {
  const counts = new ConnectionCounts();
  telemetry.instrument({ metrics: ON, client }).setMeterProvider(counts);
  return counts;
}

/** What a server may do with a request, by its path. */
const MOODS: Readonly<Record<string, (stream: ServerHttp2Stream) => unknown>> = {
  '/ok': (stream) => answer(stream),
  '/slow': (stream) => setTimeout(() => answer(stream), 8),
  '/half': (stream) => {
    stream.respond({ ':status': 200 });
    stream.write('half');
    setTimeout(() => stream.destroy(new Error('broken')), 3);
  },
  '/reset': (stream) => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM),
  '/cancel': (stream) => stream.close(constants.NGHTTP2_CANCEL),
  '/goaway': (stream) => {
    stream.session?.goaway();
    answer(stream);
  },
  '/drop': (stream) => stream.session?.destroy(),
  '/silent': () => undefined,
};
/** Node 20 reads memory that it has freed, with or without us, when sessions are lost under streams that end. */
const SURVIVES_LOST_SESSIONS = Number.parseInt(process.versions.node, 10) >= 22;
const PATHS = Object.keys(MOODS).filter(
  (path) => SURVIVES_LOST_SESSIONS || (path !== '/goaway' && path !== '/drop'),
);

function answer(stream: ServerHttp2Stream): void {
  if (!stream.destroyed) {
    stream.respond({ ':status': 200 });
    stream.end('ok');
  }
}

/** A session, and what is known of it without us. */
interface Known {
  readonly session: ClientHttp2Session;
  connected: boolean;
  closed: boolean;
  /** Streams that were opened on it and are not closed. */
  open: number;
}

function truth(sessions: readonly Known[]): OpenConnections {
  const established = sessions.filter(({ connected, closed }) => connected && !closed);
  const active = established.filter(({ open }) => open > 0).length;
  return { active, idle: established.length - active };
}

describe('http.client.open_connections of node:http2', () => {
  it('agrees with the sessions at every moment of a random load', async () => {
    const server = await streamServer((stream, { ':path': path }) => MOODS[String(path)]?.(stream));
    const counts = count();
    const sessions: Known[] = [];
    const open = (): Known => {
      const session = openSession(server.origin);
      const known: Known = { session, connected: false, closed: false, open: 0 };
      session.on('connect', (_session, socket) => {
        // Node says so of one that was destroyed meanwhile, too.
        known.connected = !session.destroyed;
        socket.on('close', () => {
          known.closed = true;
        });
      });
      sessions.push(known);
      return known;
    };
    const looks = await load(
      async (random) => {
        const usable = sessions.filter(({ session }) => !session.closed && !session.destroyed);
        const known = usable.length < 3 || random(12) === 0 ? open() : usable[random(usable.length)];
        if (known === undefined) {
          return;
        }
        const path = PATHS[random(PATHS.length)] ?? '/ok';
        const stream = known.session.request({ ':path': path });
        const opened = () => {
          known.open++;
          stream.on('close', () => known.open--);
        };
        if (stream.pending) {
          stream.once('ready', opened);
        } else {
          opened();
        }
        const timer = globalThis.setTimeout(
          () => (random(2) === 0 ? stream.close(constants.NGHTTP2_CANCEL) : stream.destroy()),
          path === '/silent' ? 5 : 1 + random(30),
        );
        await resultOf(stream);
        clearTimeout(timer);
        if (SURVIVES_LOST_SESSIONS && random(15) === 0) {
          known.session.destroy();
        }
      },
      () => expect(counts.now).toEqual(truth(sessions)),
    );
    expect(looks).toBeGreaterThan(30);
    for (const { session } of sessions) {
      session.destroy();
    }
    // After a GOAWAY the client waits for the server to close.
    for (const connection of server.connections) {
      connection.destroy();
    }
    await expect.poll(() => counts.now).toEqual(NONE);
    expect(counts.lifetimes).toBeGreaterThan(5);
    expect([counts.least, counts.unbalanced]).toEqual([NONE, []]);
  });

  it('counts a session as soon as it is connected', async () => {
    const server = await streamServer();
    const counts = count();
    const session = openSession(server.origin);
    await once(session, 'connect');
    expect(counts.now).toEqual(IDLE);
    const stream = session.request();
    expect(counts.now).toEqual(ACTIVE);
    await resultOf(stream);
    expect(counts.now).toEqual(IDLE);
    session.close();
    await expect.poll(() => counts.now).toEqual(NONE);
    expect(counts.lifetimes).toBe(1);
  });

  it('counts no session that was never connected, and none of an exporter', async () => {
    const server = await streamServer();
    const counts = count();
    await askHttp2(openSession(`http://127.0.0.1:${await refusedPort()}`));
    await context.with(suppressTracing(context.active()), () => askHttp2(openSession(server.origin)));
    expect(counts.of('http.client.open_connections')).toEqual([]);
  });

  it('counts a session of gRPC only if gRPC is recorded', async () => {
    const server = await streamServer();
    const counts = count();
    const session = openSession(server.origin);
    await askHttp2(session, { ':method': 'POST', 'content-type': 'application/grpc' }, { endStream: true });
    expect([counts.now, counts.lifetimes]).toEqual([NONE, 0]);
    session.destroy();
    await setImmediate();
    expect([counts.least, counts.unbalanced]).toEqual([NONE, []]);
  });

  it('counts a session of gRPC if gRPC is recorded', async () => {
    const server = await streamServer();
    const counts = count({ grpc: true });
    const session = openSession(server.origin);
    await askHttp2(session, { ':method': 'POST', 'content-type': 'application/grpc' }, { endStream: true });
    expect(counts.now).toEqual(IDLE);
  });

  it('says HTTP/2 of a connection in clear', async () => {
    const server = await streamServer();
    const counts = count();
    await askHttp2(openSession(server.origin));
    expect(counts.of('http.client.open_connections')[0]?.attributes).toEqual({
      'http.connection.state': 'idle',
      'network.protocol.version': '2',
      'server.address': '127.0.0.1',
      'server.port': server.port,
    });
  });

  it('forgets no request that was under way when it was disabled', async () => {
    const server = await streamServer((stream, { ':path': path }) =>
      path === '/ok' ? answer(stream) : undefined,
    );
    const counts = new ConnectionCounts();
    const instrumentation = telemetry.instrument({ metrics: ON, client: { ignoreUrls: ['/silent'] } });
    instrumentation.setMeterProvider(counts);
    const session = openSession(server.origin);
    const stream = session.request({ ':path': '/silent' });
    await once(session, 'connect');
    expect(counts.now).toEqual(ACTIVE);
    instrumentation.disable();
    stream.close(constants.NGHTTP2_CANCEL);
    await resultOf(stream);
    expect(counts.now).toEqual(IDLE);
    instrumentation.enable();
    await askHttp2(session, { ':path': '/ok' });
    expect(
      (await telemetry.only()).events.find(({ name }) => name === 'http.getconn.done')?.attributes,
    ).toMatchObject({
      'http.conn.reused': true,
      'http.conn.wasidle': true,
    });
  });
});
