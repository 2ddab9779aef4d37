import { diag } from '@opentelemetry/api';
import {
  UndiciInstrumentation,
  type UndiciInstrumentationConfig,
} from '@opentelemetry/instrumentation-undici';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { INSTALLED_UNDICI } from '../../support/clients/installed-undici.js';
import { refusedPort } from '../../support/servers/raw-server.js';
import { type Answer, httpServer } from '../../support/servers/truthful-server.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

/** What the users of the peer have written: it is given to both as it is. */
type PeerConfig = UndiciInstrumentationConfig;

/** What a hook was called with, in values. */
type Call = readonly [hook: string, ...seen: unknown[]];

const answer: Answer = (req, res) => {
  res.setHeader('set-cookie', ['a=1', 'b=2']);
  res.setHeader('x-served', String(req.headers['x-added'] ?? 'nothing added'));
  res.writeHead(req.url === '/missing' ? 404 : 200).end('ok');
};

/** Hooks that say what they were given, and do nothing else. */
function noting(calls: Call[]): PeerConfig {
  return {
    ignoreRequestHook: (request) => {
      calls.push(['ignoreRequestHook', seen(request)]);
      return false;
    },
    startSpanHook: (request) => {
      calls.push(['startSpanHook', seen(request)]);
      return {};
    },
    requestHook: (span, request) => calls.push(['requestHook', span.isRecording(), seen(request)]),
    responseHook: (span, { request, response }) =>
      calls.push(['responseHook', span.isRecording(), seen(request), response]),
  };
}

type PeerRequest = Parameters<NonNullable<PeerConfig['ignoreRequestHook']>>[0];

function seen({ origin, method, path, headers, contentLength, body, completed, aborted }: PeerRequest) {
  return { origin, method, path, headers: [...headers], contentLength, body, completed, aborted };
}

describe.each(INSTALLED_UNDICI)('$name: a callback of the peer', ({ Client }) => {
  type Options = Partial<Parameters<InstanceType<typeof Client>['request']>[0]>;

  interface Outcome {
    readonly calls: readonly Call[];
    readonly spans: readonly { name: string; attributes: Readonly<Record<string, unknown>> }[];
    readonly served: unknown;
  }

  /** The same request with the peer alone, and with us alone. */
  async function both(
    configOf: (calls: Call[]) => PeerConfig,
    options: Options = {},
    url?: string,
  ): Promise<{ peer: Outcome; ours: Outcome }> {
    const origin = url ?? (await httpServer(answer)).origin;
    const outcomes: Outcome[] = [];
    for (const whose of ['peer', 'ours']) {
      telemetry.begin();
      const calls: Call[] = [];
      const config = configOf(calls);
      if (whose === 'peer') {
        telemetry.attach(new UndiciInstrumentation(config));
      } else {
        telemetry.instrument({ client: config });
      }
      const client = new Client(origin);
      onTestFinished(() => client.destroy());
      const served = await client
        .request({ method: 'GET', path: '/', headers: { 'x-list': ['1', '2'] }, ...options })
        .then(async ({ headers, body }) => {
          await body.text();
          return headers['x-served'];
        })
        .catch((error: Error) => error.name);
      const spans = (await telemetry.shown()).map(({ name, attributes }) => ({ name, attributes }));
      outcomes.push({ calls, spans, served });
    }
    const [peer, ours] = outcomes;
    if (peer === undefined || ours === undefined) {
      throw new Error('nothing was asked');
    }
    return { peer, ours };
  }

  it.each([
    ['GET', { path: '/a?b=c' }],
    ['POST with a body', { method: 'POST', body: 'four' }],
    ['a status that is an error', { path: '/missing' }],
  ] as const)('is called at the same moments and with the same: %s', async (_, options) => {
    const { peer, ours } = await both(noting, options);
    expect(ours.calls.map(([hook]) => hook)).toEqual([
      'ignoreRequestHook',
      'startSpanHook',
      'requestHook',
      'responseHook',
    ]);
    expect(comparable(ours.calls)).toEqual(comparable(peer.calls));
  });

  it('is not called with a response if there is none', async () => {
    const { peer, ours } = await both(noting, {}, `http://127.0.0.1:${await refusedPort()}`);
    expect(ours.calls.map(([hook]) => hook)).toEqual(['ignoreRequestHook', 'startSpanHook', 'requestHook']);
    expect(ours.calls).toEqual(peer.calls);
  });

  it.each([
    [true, 0],
    ['truthy', 0],
    [false, 1],
    [undefined, 1],
  ])('ignores requests by what it returns: %s', async (returned, count) => {
    const ignoreRequestHook = () => returned as boolean;
    const { peer, ours } = await both(() => ({ ignoreRequestHook }));
    expect([peer.spans.length, ours.spans.length]).toEqual([count, count]);
  });

  it('sets attributes from the start, over those that are there', async () => {
    const startSpanHook = () => ({ 'app.tenant': 'blue', 'server.address': 'elsewhere' });
    const { peer, ours } = await both(() => ({ startSpanHook }));
    for (const { spans } of [peer, ours]) {
      expect(spans[0]?.attributes).toMatchObject({ 'app.tenant': 'blue', 'server.address': 'elsewhere' });
    }
  });

  it('may name the span, and add headers to the request', async () => {
    const requestHook: PeerConfig['requestHook'] = (span, request) => {
      span.updateName('orders');
      request.addHeader('x-added', 'by the hook');
    };
    const { peer, ours } = await both(() => ({ requestHook }));
    expect(peer.served).toBe('by the hook');
    expect(ours.served).toBe('by the hook');
    expect([peer.spans[0]?.name, ours.spans[0]?.name]).toEqual(['orders', 'orders']);
  });

  it('may write to the span when the response is there', async () => {
    const responseHook: PeerConfig['responseHook'] = (span, { response }) => {
      span.setAttribute('app.status', response.statusCode);
    };
    const { peer, ours } = await both(() => ({ responseHook }), { path: '/missing' });
    expect([peer.spans[0]?.attributes['app.status'], ours.spans[0]?.attributes['app.status']]).toEqual([
      404, 404,
    ]);
  });

  it('is given a span that records nothing, if a parent is required and not there', async () => {
    const { peer, ours } = await both((calls) => ({ ...noting(calls), requireParentforSpans: true }));
    expect([peer.spans, ours.spans]).toEqual([[], []]);
    expect(ours.calls.find(([hook]) => hook === 'requestHook')?.[1]).toBe(false);
    expect(comparable(ours.calls.filter(([hook]) => hook !== 'startSpanHook'))).toEqual(
      comparable(peer.calls.filter(([hook]) => hook !== 'startSpanHook')),
    );
  });

  it('has the headers that it asked for beside it, with the same names and values', async () => {
    const headersToSpanAttributes = {
      requestHeaders: ['X-List', 'user-agent', 'x-missing'],
      responseHeaders: ['X-Served', 'connection', 'x-missing'],
    };
    const { peer, ours } = await both(() => ({ headersToSpanAttributes }), {
      headers: { 'x-list': ['1', '2'], 'User-Agent': 'test' },
    });
    expect(headersOf(ours)).toEqual({
      'http.request.header.x-list': ['1', '2'],
      'http.request.header.user-agent': ['test'],
      'http.response.header.x-served': ['nothing added'],
      'http.response.header.connection': ['keep-alive'],
    });
    expect(headersOf(ours)).toEqual(headersOf(peer));
  });

  it('and has those that the peer does not find: host, length and repeated headers', async () => {
    const headersToSpanAttributes = { requestHeaders: ['host', 'content-length', 'x-twice'] };
    const { peer, ours } = await both(() => ({ headersToSpanAttributes }), {
      method: 'POST',
      body: 'four',
      headers: ['host', 'orders.example', 'content-length', '4', 'x-twice', '1', 'x-twice', '2'],
    });
    expect(headersOf(ours)).toEqual({
      'http.request.header.host': ['orders.example'],
      'http.request.header.content-length': ['4'],
      'http.request.header.x-twice': ['1', '2'],
    });
    expect(headersOf(peer)).toEqual({ 'http.request.header.x-twice': ['2'] });
  });

  it.each(['ignoreRequestHook', 'startSpanHook', 'requestHook', 'responseHook'] as const)(
    'changes nothing but the log if it throws: %s',
    async (hook) => {
      const thrown = new Error('mine');
      const error = vi.spyOn(diag, 'error').mockReturnValue();
      onTestFinished(() => error.mockRestore());
      const throwing = (): never => {
        throw thrown;
      };
      const { peer, ours } = await both(() => ({ [hook]: throwing }));
      expect([peer.served, ours.served]).toEqual(['nothing added', 'nothing added']);
      expect([peer.spans.length, ours.spans.length]).toEqual([1, 1]);
      expect(ours.spans[0]).toMatchObject({ name: 'GET', attributes: { 'http.response.status_code': 200 } });
      expect(error.mock.calls.filter(([message]) => message.startsWith('httptrace'))).toEqual([
        [expect.stringContaining(hook), thrown],
      ]);
    },
  );

  it('may return what cannot be read', async () => {
    const thrown = new Error('mine');
    const error = vi.spyOn(diag, 'error').mockReturnValue();
    onTestFinished(() => error.mockRestore());
    const startSpanHook = () => ({
      get tenant(): string {
        throw thrown;
      },
    });
    telemetry.instrument({ client: { startSpanHook } });
    const client = new Client((await httpServer(answer)).origin);
    onTestFinished(() => client.destroy());
    await (await client.request({ method: 'GET', path: '/' })).body.text();
    expect((await telemetry.onlyShown()).attributes['http.response.status_code']).toBe(200);
    expect(error.mock.calls).toEqual([[expect.stringContaining('startSpanHook'), thrown]]);
  });

  it('that is asynchronous and fails does not end the process', async () => {
    const thrown = new Error('mine');
    const error = vi.spyOn(diag, 'error').mockReturnValue();
    onTestFinished(() => error.mockRestore());
    telemetry.instrument({ client: { requestHook: async () => Promise.reject(thrown) } });
    const client = new Client((await httpServer(answer)).origin);
    onTestFinished(() => client.destroy());
    await (await client.request({ method: 'GET', path: '/' })).body.text();
    await telemetry.only();
    expect(error.mock.calls).toEqual([[expect.stringContaining('requestHook'), thrown]]);
  });
});

function headersOf({ spans }: { spans: readonly { attributes: Readonly<Record<string, unknown>> }[] }) {
  const attributes = Object.entries(spans[0]?.attributes ?? {});
  return Object.fromEntries(attributes.filter(([key]) => key.includes('.header.')));
}

/** Without what two requests cannot have in common: their spans, when they were answered, on which connection. */
function comparable(calls: readonly Call[]): unknown {
  return JSON.parse(
    JSON.stringify(calls, (key, value: unknown) =>
      key === 'headers' && Array.isArray(value) ? textsOf(value) : value,
    ),
  );
}

function textsOf(headers: readonly unknown[]): unknown[] {
  const texts = headers.map((text) => (Buffer.isBuffer(text) ? `buffer ${text}` : text));
  return texts.map((text, i) =>
    /^(traceparent|buffer (date|x-client-port))$/i.test(String(texts[i - 1])) ? 'differs' : text,
  );
}
