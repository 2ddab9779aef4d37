import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { INSTALLED_UNDICI } from '../../support/clients/installed-undici.js';
import { CA } from '../../support/servers/certificates.js';
import { connectProxy as refusingProxy } from '../../support/servers/connect-proxy.js';
import { listen } from '../../support/servers/listen.js';
import { httpServer, httpsServer } from '../../support/servers/truthful-server.js';
import {
  connected,
  dialled,
  durations,
  EXCHANGE,
  gotNew,
  requested,
  wanted,
} from '../../support/telemetry/expected-span.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

describe.each(INSTALLED_UNDICI)('$name: the span of a request through a proxy', ({ installed }) => {
  it.each([407, 503])('is an error where the proxy answers the CONNECT with %i', async (status) => {
    const { origin } = await httpsServer();
    const proxy = await refusingProxy('http', status);
    telemetry.instrument();
    const agent = new installed.ProxyAgent(proxy.url);
    onTestFinished(() => agent.destroy());
    for (const ask of [installed.request, installed.fetch] as (typeof installed.request)[]) {
      await expect(ask(`${origin}/`, { dispatcher: agent })).rejects.toThrow();
    }
    const spans = await telemetry.shown();
    expect(spans.map(({ status }) => status.code)).toEqual(['ERROR', 'ERROR']);
    for (const { attributes } of spans) {
      expect(attributes).toMatchObject({
        'error.type': 'UND_ERR_ABORTED',
        'httptrace.failed_phase': 'getconn',
        'httptrace.getconn.duration': expect.any(Number),
      });
      expect(attributes).not.toHaveProperty('httptrace.cancelled_phase');
    }
  });

  it('is that of the target alone: the CONNECT has none', async () => {
    const { port, origin } = await httpsServer();
    const proxy = await connectProxy();
    telemetry.instrument();
    const agent = new installed.ProxyAgent({
      uri: `http://127.0.0.1:${proxy.port}`,
      requestTls: { ca: CA, ecdhCurve: 'X25519' },
    });
    onTestFinished(() => agent.destroy());
    await (await installed.request(`${origin}/`, { dispatcher: agent })).body.text();
    expect(await telemetry.onlyShown()).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'UNSET' },
      attributes: {
        ...requested(origin, '/'),
        ...connected(proxy.port),
        ...durations('getconn', 'connect', 'tls', 'send', 'wait', 'receive'),
        'http.response.status_code': 200,
      },
      events: [
        wanted('127.0.0.1', port),
        ...dialled(proxy.port),
        ['http.tls.start', {}],
        [
          'http.tls.done',
          {
            'tls.protocol.name': 'tls',
            'tls.protocol.version': '1.3',
            'tls.cipher': 'TLS_AES_256_GCM_SHA384',
            'tls.curve': 'X25519',
            'tls.next_protocol': 'http/1.1',
            'tls.resumed': false,
            'tls.established': true,
          },
        ],
        gotNew(proxy.port),
        ...EXCHANGE,
      ],
    });
  });

  it('names the server of an absolute target, and the connection to the proxy', async () => {
    const { port, origin } = await httpServer();
    telemetry.instrument();
    const client = new installed.Client(origin);
    onTestFinished(() => client.destroy());
    await (await client.request({ method: 'GET', path: 'http://orders.example:8080/a?b' })).body.text();
    expect(await telemetry.onlyShown()).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'UNSET' },
      attributes: {
        'http.request.method': 'GET',
        'url.full': 'http://orders.example:8080/a?b',
        'server.address': 'orders.example',
        'server.port': 8080,
        ...connected(port),
        ...durations('getconn', 'connect', 'send', 'wait', 'receive'),
        'http.response.status_code': 200,
      },
      events: [wanted('orders.example', 8080), ...dialled(port), gotNew(port), ...EXCHANGE],
    });
  });

  it('is none for a CONNECT of the program itself', async () => {
    const { port } = await httpServer();
    const proxy = await connectProxy();
    telemetry.instrument();
    const client = new installed.Client(`http://127.0.0.1:${proxy.port}`);
    onTestFinished(() => client.destroy());
    const { statusCode, socket } = await client.connect({ path: `127.0.0.1:${port}` });
    socket.destroy();
    expect(statusCode).toBe(200);
    expect(await telemetry.finished()).toEqual([]);
    expect(await telemetry.durations()).toEqual([]);
  });
});

/** A proxy that knows nothing but CONNECT. */
async function connectProxy(): Promise<{ port: number }> {
  const server = createServer().on('connect', (req, client: Socket) => {
    const { hostname, port } = new URL(`http://${req.url}`);
    const upstream = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    client.on('close', () => upstream.destroy()).on('error', () => upstream.destroy());
    upstream.on('close', () => client.destroy()).on('error', () => client.destroy());
  });
  return { port: await listen(server) };
}
