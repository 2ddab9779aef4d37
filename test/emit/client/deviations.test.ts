import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { INSTALLED_UNDICI } from '../../support/clients/installed-undici.js';
import { CA } from '../../support/servers/certificates.js';
import { listen } from '../../support/servers/listen.js';
import { answering, onEachHead, rawServer } from '../../support/servers/raw-server.js';
import { http2Server, httpServer } from '../../support/servers/truthful-server.js';
import { seconds, useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

// Where the conventions and @opentelemetry/instrumentation-undici 0.33 part, by its own result beside ours. A test
// of this file that fails after an update of the peer says that it has caught up: then the claim must go.

const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello';

interface Spans {
  readonly peer: ReadableSpan;
  readonly ours: ReadableSpan;
}

describe.each(INSTALLED_UNDICI)('$name: where the peer deviates', ({ Client, Agent, fetch, major }) => {
  type Options = Partial<Parameters<InstanceType<typeof Client>['request']>[0]>;

  /** The same request with both at once: they see the same messages. */
  async function both(ask: () => Promise<unknown>, config = {}): Promise<Spans> {
    telemetry.attach(new UndiciInstrumentation(config));
    telemetry.instrument({ client: config });
    await ask().catch(() => undefined);
    const spans = await telemetry.finished();
    const of = (peer: boolean): ReadableSpan => {
      const [span] = spans.filter(
        ({ instrumentationScope: { name } }) => name.startsWith('@opentelemetry/') === peer,
      );
      if (span === undefined) {
        throw new Error(`no span of ${peer ? 'the peer' : 'ours'}`);
      }
      return span;
    };
    return { peer: of(true), ours: of(false) };
  }

  /** The value of one attribute with each. */
  function values({ peer, ours }: Spans, key: string): { peer: unknown; ours: unknown } {
    return { peer: peer.attributes[key], ours: ours.attributes[key] };
  }

  function request(origin: string, options: Options = {}, clientOptions = {}): () => Promise<unknown> {
    const client = new Client(origin, clientOptions);
    onTestFinished(() => client.destroy());
    return async () => {
      const { body } = await client.request({ method: 'GET', path: '/', ...options });
      return body.text();
    };
  }

  it('http.request.method_original is there only if it differs', async () => {
    const { origin } = await httpServer();
    expect(values(await both(request(origin)), 'http.request.method_original')).toEqual({
      peer: 'GET',
      ours: undefined,
    });
  });

  it('methods are case-sensitive', async () => {
    const { origin } = await rawServer(answering(HALF.replace('10', '5')));
    const spans = await both(request(origin, { method: 'get' as 'GET' }));
    expect(values(spans, 'http.request.method')).toEqual({ peer: 'GET', ours: '_OTHER' });
  });

  it('the known methods can be named by the variable of the conventions', async () => {
    vi.stubEnv('OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS', 'PURGE');
    onTestFinished(() => void vi.unstubAllEnvs());
    const { origin } = await httpServer();
    const spans = await both(request(origin, { method: 'PURGE' as 'GET' }));
    expect(values(spans, 'http.request.method')).toEqual({ peer: '_OTHER', ours: 'PURGE' });
  });

  it('url.full shows no signature', async () => {
    const { origin } = await httpServer();
    expect(values(await both(request(origin, { path: '/?sig=secret' })), 'url.full')).toEqual({
      peer: `${origin}/?sig=secret`,
      ours: `${origin}/?sig=REDACTED`,
    });
  });

  it.each(['url.path', 'url.query'])('%s is no attribute of a client', async (key) => {
    const { origin } = await httpServer();
    expect(values(await both(request(origin)), key)).toEqual({
      peer: key === 'url.path' ? '/' : '',
      ours: undefined,
    });
  });

  it('user_agent.original has to be asked for', async () => {
    const { origin } = await httpServer();
    const spans = await both(request(origin, { headers: { 'user-agent': 'test' } }));
    expect(values(spans, 'user_agent.original')).toEqual({ peer: 'test', ours: undefined });
  });

  it('a path that begins with two slashes names no host', async () => {
    const { origin, port } = await httpServer();
    const spans = await both(request(origin, { path: '//x/y' }));
    expect(values(spans, 'url.full')).toEqual({ peer: 'http://x/y', ours: `${origin}//x/y` });
    expect(values(spans, 'server.port')).toEqual({ peer: 80, ours: port });
  });

  it('server.address is whom the Host header names', async () => {
    const { origin } = await httpServer();
    const spans = await both(request(origin, { headers: { host: 'orders.example' } }));
    expect(values(spans, 'server.address')).toEqual({ peer: '127.0.0.1', ours: 'orders.example' });
  });

  it('server.address has no brackets', async () => {
    const spans = await both(request('http://[::1]:1'));
    expect(values(spans, 'server.address')).toEqual({ peer: '[::1]', ours: '::1' });
  });

  it('error.type of a timeout is a name', async () => {
    const controller = new AbortController();
    const { origin } = await rawServer((socket) =>
      onEachHead(socket, () => {
        const timeout = AbortSignal.timeout(1);
        timeout.addEventListener('abort', () => controller.abort(timeout.reason));
      }),
    );
    const agent = new Agent();
    onTestFinished(() => agent.destroy());
    const spans = await both(() => fetch(origin, { dispatcher: agent, signal: controller.signal }));
    expect(values(spans, 'error.type')).toEqual({ peer: 23, ours: 'TimeoutError' });
  });

  it('a request that is given up with a reason is no error', async () => {
    const controller = new AbortController();
    const { origin } = await rawServer((socket) =>
      onEachHead(socket, () => controller.abort(new Error('mine'))),
    );
    const { peer, ours } = await both(request(origin, { signal: controller.signal }));
    expect([peer.status.code, ours.status.code]).toEqual([2, 0]);
  });

  it('a 103 is not the response', async () => {
    const { origin } = await httpServer((_req, res) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      res.end('ok');
    });
    const codes: number[] = [];
    const responseHook = (_span: unknown, { response }: { response: { statusCode: number } }) =>
      codes.push(response.statusCode);
    await both(request(origin), { responseHook });
    // The peer calls it for both.
    expect(codes.sort()).toEqual([103, 200, 200]);
  });

  if (major >= 8) {
    // Releases before give a list, as for HTTP/1.1.
    it('headers of HTTP/2 are found', async () => {
      const { port } = await http2Server((_req, res) => {
        res.setHeader('x-one', '1');
        res.end('ok');
      });
      const headersToSpanAttributes = { responseHeaders: ['x-one'] };
      const ask = request(`https://localhost:${port}`, {}, { allowH2: true, connect: { ca: CA } });
      expect(values(await both(ask, { headersToSpanAttributes }), 'http.response.header.x-one')).toEqual({
        peer: undefined,
        ours: ['1'],
      });
    });
  }

  it('a body that is given up does not stretch the span', async () => {
    const { origin } = await rawServer(answering(HALF));
    const agent = new Agent();
    onTestFinished(() => agent.destroy());
    let cancelledAt = 0;
    const { peer, ours } = await both(async () => {
      const response = await fetch(origin, { dispatcher: agent });
      await new Promise((resolve) => setTimeout(resolve, 60));
      cancelledAt = Date.now() / 1000;
      await response.body?.cancel();
    });
    expect(seconds(peer.endTime)).toBeGreaterThan(cancelledAt - 0.01);
    expect(seconds(ours.endTime)).toBeLessThan(cancelledAt - 0.03);
  });

  it('the peer of a unix socket is its path', async () => {
    const socketPath = join(tmpdir(), `httptrace-${process.pid}-deviation-${major}.sock`);
    await listen(
      createServer((_req, res) => res.end('ok')),
      socketPath,
    );
    const spans = await both(request('http://localhost', {}, { connect: { socketPath } }));
    expect(values(spans, 'network.peer.address')).toEqual({ peer: undefined, ours: socketPath });
  });

  it('an exception is no event of a span', async () => {
    const { peer, ours } = await both(request('http://127.0.0.1:1'));
    const names = ({ events }: ReadableSpan) => events.map(({ name }) => name);
    expect(names(peer)).toContain('exception');
    expect(names(ours)).not.toContain('exception');
  });

  it('the measured duration is that of the span', async () => {
    const { origin } = await httpServer();
    const { ours } = await both(request(origin));
    expect(await telemetry.durations()).toMatchObject([
      { count: 1, sum: expect.closeTo(seconds(ours.endTime) - seconds(ours.startTime), 5) },
    ]);
  });
});
