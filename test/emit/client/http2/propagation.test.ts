import { once } from 'node:events';
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders, sensitiveHeaders } from 'node:http2';
import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { describe, expect, it } from 'vitest';
import { askHttp2, openSession, resultOf } from '../../../support/clients/http2-sessions.js';
import { type StreamServer, streamServer } from '../../../support/servers/stream-server.js';
import { useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

/** Node 20 takes no arrays. */
const TAKES_ARRAYS = Number.parseInt(process.versions.node, 10) >= 22;

const OWN = '00-11112222333344445555666677778888-1234567890abcdef-01';

function askRaw(session: ClientHttp2Session, headers: readonly string[]): Promise<unknown> {
  // Its types know objects alone.
  return resultOf(session.request(headers as unknown as OutgoingHttpHeaders));
}

/** The span ids that came in `traceparent`, one for each line. */
function spanIds(server: StreamServer, path: string): (string | undefined)[] {
  return server.values(path, 'traceparent').map((value) => value.split('-')[2]);
}

describe('the trace headers of a request over node:http2', () => {
  it('are on the wire once, under the span of the caller', async () => {
    const server = await streamServer();
    telemetry.instrument();
    const { parent } = await telemetry.within(() => askHttp2(openSession(server.origin), { ':path': '/a' }));
    const span = await telemetry.only();
    expect(span.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
    expect(spanIds(server, '/a')).toEqual([span.spanContext().spanId]);
  });

  it('are those of each caller, though all wait for the same session', async () => {
    const server = await streamServer();
    telemetry.instrument();
    const session = openSession(server.origin);
    const callers = await Promise.all(
      ['/a', '/b', '/c'].map((path) => telemetry.within(() => askHttp2(session, { ':path': path }))),
    );
    const spans = await telemetry.finished();
    for (const [index, path] of ['/a', '/b', '/c'].entries()) {
      const span = spans.find(({ attributes }) => String(attributes['url.full']).endsWith(path));
      expect(span?.parentSpanContext?.spanId).toBe(callers[index]?.parent.spanContext().spanId);
      expect(spanIds(server, path)).toEqual([span?.spanContext().spanId]);
    }
  });

  it('leave the object of the program as it is, and what hangs on it', async () => {
    const server = await streamServer();
    telemetry.instrument();
    const headers = Object.freeze({ ':path': '/a', 'x-secret': 's', [sensitiveHeaders]: ['x-secret'] });
    const stream = openSession(server.origin).request(headers);
    await resultOf(stream);
    expect(Reflect.ownKeys(headers)).toEqual([':path', 'x-secret', sensitiveHeaders]);
    expect(stream.sentHeaders).toMatchObject({ 'x-secret': 's', [sensitiveHeaders]: ['x-secret'] });
    expect(Reflect.get(server.received.get('/a')?.headers ?? {}, sensitiveHeaders)).toEqual(['x-secret']);
  });

  it('are added to a request without headers', async () => {
    const server = await streamServer();
    telemetry.instrument();
    await resultOf(openSession(server.origin).request());
    expect(spanIds(server, '/')).toEqual([(await telemetry.only()).spanContext().spanId]);
  });

  it.each([['traceparent'], ['TraceParent']])('keep a %s of the program, alone', async (name) => {
    const server = await streamServer();
    telemetry.instrument();
    await askHttp2(openSession(server.origin), { ':path': '/a', [name]: OWN });
    expect(server.values('/a', 'traceparent')).toEqual([OWN]);
    expect(server.values('/a', 'tracestate')).toEqual([]);
  });

  it('take the place of one that the program left undefined', async () => {
    const server = await streamServer();
    telemetry.instrument();
    await askHttp2(openSession(server.origin), { ':path': '/a', traceparent: undefined });
    expect(spanIds(server, '/a')).toEqual([(await telemetry.only()).spanContext().spanId]);
  });

  it.runIf(TAKES_ARRAYS)('are appended to a copy of an array', async () => {
    const server = await streamServer();
    telemetry.instrument();
    const headers = Object.freeze([':path', '/a', 'X-Two', '1', 'X-Two', '2']);
    await askRaw(openSession(server.origin), headers);
    expect(headers).toHaveLength(6);
    expect(spanIds(server, '/a')).toEqual([(await telemetry.only()).spanContext().spanId]);
    expect(server.values('/a', 'x-two')).toEqual(['1', '2']);
  });

  it.runIf(TAKES_ARRAYS)('keep the one in an array', async () => {
    const server = await streamServer();
    telemetry.instrument();
    await askRaw(openSession(server.origin), [':path', '/a', 'Traceparent', OWN]);
    expect(server.values('/a', 'traceparent')).toEqual([OWN]);
    expect((await telemetry.only()).attributes['url.full']).toBe(`${server.origin}/a`);
  });

  it('are not sent where the config says so, nor in a suppressed context', async () => {
    const server = await streamServer();
    telemetry.instrument({ client: { doNotPropagateTo: ['127.0.0.1'] } });
    const session = openSession(server.origin);
    await askHttp2(session, { ':path': '/elsewhere' });
    await context.with(suppressTracing(context.active()), () => askHttp2(session, { ':path': '/exporter' }));
    expect(server.values('/elsewhere', 'traceparent')).toEqual([]);
    expect(server.values('/exporter', 'traceparent')).toEqual([]);
    expect((await telemetry.finished()).map(({ attributes }) => attributes['url.full'])).toEqual([
      `${server.origin}/elsewhere`,
    ]);
  });

  it('are sent on a session from before, and by a connect from before', async () => {
    const server = await streamServer();
    const session = connect(server.origin);
    await once(session, 'connect');
    telemetry.instrument();
    await askHttp2(session, { ':path': '/older' });
    session.close();
    expect(spanIds(server, '/older')).toEqual([(await telemetry.only()).spanContext().spanId]);
  });

  it('are gone when it is disabled, and back when it is enabled', async () => {
    const server = await streamServer();
    const instrumentation = telemetry.instrument();
    const session = openSession(server.origin);
    await askHttp2(session, { ':path': '/on' });
    instrumentation.disable();
    await askHttp2(session, { ':path': '/off' });
    instrumentation.enable();
    await askHttp2(session, { ':path': '/again' });
    expect(['/on', '/off', '/again'].map((path) => spanIds(server, path).length)).toEqual([1, 0, 1]);
    expect(await telemetry.finished()).toHaveLength(2);
  });
});
