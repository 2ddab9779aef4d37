import { once } from 'node:events';
import { createServer } from 'node:http';
import { createSecureServer as createHttp2Server } from 'node:http2';
import { createServer as createSecureServer } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { describe, expect, test, vi } from 'vitest';
import { RawClient, rawRequest } from '../../support/clients/raw-client.js';
import { CA, certificate } from '../../support/servers/certificates.js';
import { listen } from '../../support/servers/listen.js';
import { useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();
const LINKED = { client: { enabled: false, phases: 'linked-spans' } } as const;

async function handshakes(count: number): Promise<ReadableSpan[]> {
  return vi.waitFor(() => {
    const spans = served.all().filter(({ kind }) => kind === SpanKind.INTERNAL);
    expect(spans).toHaveLength(count);
    return spans;
  });
}

async function askTwice(port: number): Promise<void> {
  const client = await RawClient.connectTls(port, Buffer.from(CA));
  client.send(['GET /1 HTTP/1.1', 'Host: a']);
  await client.until('HTTP/1.1 200');
  client.send(['GET /2 HTTP/1.1', 'Host: a', 'Connection: close']);
  await client.closed();
}

describe('the span of a handshake on a server', () => {
  test.each([
    ['https', () => createSecureServer(certificate('localhost'), (_req, res) => res.end())],
    [
      'http2',
      () => createHttp2Server({ ...certificate('localhost'), allowHTTP1: true }, (_req, res) => res.end()),
    ],
  ])('of %s is a trace of its own, one for each connection', async (_name, create) => {
    served.record({}, LINKED);
    await askTwice(await listen(create()));
    await served.spans(2);
    const [span] = await handshakes(1);
    expect(span).toMatchObject({
      name: 'TLS server handshake',
      parentSpanContext: undefined,
      attributes: { 'tls.protocol.name': 'tls', 'tls.protocol.version': '1.3' },
      status: { code: SpanStatusCode.UNSET },
      events: [],
    });
    expect(span?.duration[0]).toBe(0);
    expect(span?.duration[1]).toBeGreaterThan(0);
  });

  test('that fails has the error', async () => {
    served.record({}, LINKED);
    const server = createSecureServer(certificate('localhost'));
    const failed = once(server, 'tlsClientError');
    const socket = connectTcp(await listen(server), '127.0.0.1');
    socket.on('error', () => undefined).end('this is no handshake');
    const [error] = await failed;
    const [span] = await handshakes(1);
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: error.message });
    expect(span?.attributes['error.type']).toBe(error.code);
  });

  test('is not there by default, nor for a connection without TLS', async () => {
    served.record();
    await askTwice(await listen(createSecureServer(certificate('localhost'), (_req, res) => res.end())));
    await served.spans(2);
    served.record({}, LINKED);
    await rawRequest(await listen(createServer((_req, res) => res.end())));
    await served.spans(3);
    await handshakes(0);
  });
});
