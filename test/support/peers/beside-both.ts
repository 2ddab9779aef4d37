import { once } from 'node:events';
import type { IncomingMessage, RequestListener, RequestOptions } from 'node:http';
import { createRequire } from 'node:module';
import { type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it, onTestFinished } from 'vitest';
import { UNDICI_FLAVOURS } from '../clients/undici-flavours.js';
import { deferred } from '../deferred.js';
import { listen } from '../servers/listen.js';
import { refusedPort, resettingServer, silentServer } from '../servers/raw-server.js';
import { SOME_NUMBER } from '../telemetry/expected-span.js';
import { pointsOf } from '../telemetry/metric-points.js';
import { treeFaults } from '../telemetry/span-tree.js';
import { seconds } from '../telemetry/telemetry.js';
import {
  eventNames,
  HTTP_SCOPE,
  type Order,
  onlyOf,
  theirs,
  UNDICI_SCOPE,
  useExistingSetup,
} from './existing-setup.js';

const DIALLED = [
  'http.getconn.start',
  'http.connect.start',
  'http.connect.done',
  'http.getconn.done',
  'http.send.start',
  'http.send.done',
  'http.receive.start',
  'http.receive.done',
];
const SERVED = ['http.response.head', 'http.response.first_write', 'http.response.end'];

/** What the other instrumentation patches is what is required, not what is imported. */
const http: typeof import('node:http') = createRequire(__filename)('http');

/** What must hold beside the other two, whichever was registered first. */
export function testBesideBoth(order: Order): void {
  const setup = useExistingSetup(order);
  const { telemetry } = setup;
  async function serve(listener: RequestListener = (_req, res) => res.end('hello')): Promise<string> {
    return `http://127.0.0.1:${await listen(http.createServer(listener))}`;
  }

  /** Agents of their own, so that each test dials. */
  const nodeAgent = () => {
    const agent = new http.Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    return agent;
  };

  async function byNode(url: string, options: RequestOptions = {}): Promise<string> {
    const request = http.request(url, { agent: nodeAgent(), ...options }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let body = '';
    for await (const chunk of response) {
      body += String(chunk);
    }
    return body;
  }

  /** Each span of theirs: ended once, not before it began, and as long as what it stands for. */
  function expectSane(span: ReadableSpan): void {
    expect(span.ended).toBe(true);
    const events = span.events.filter(({ name }) => name !== 'exception');
    const times = [span.startTime, ...events.map(({ time }) => time), span.endTime].map(seconds);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[times.length - 1]).toBeLessThan(seconds(span.startTime) + 0.5);
  }

  /** What theirs says of a request with us, and what without. */
  async function expectTheSame(run: () => Promise<unknown>): Promise<void> {
    setup.ours.disable();
    await run();
    const without = (await telemetry.all()).map(theirs).map(stable);
    setup.ours.enable();
    await run();
    const all = (await telemetry.all()).map(theirs).map(stable);
    expect(without).toHaveLength(2);
    expect(all.slice(2)).toEqual(without);
  }

  describe('a request of node:http', () => {
    it('is one CLIENT span and one SERVER span, theirs, with our events and attributes', async () => {
      const url = await serve();
      expect(await byNode(`${url}/a`)).toBe('hello');
      const spans = await telemetry.all();
      expect(spans).toHaveLength(2);
      const client = onlyOf(spans, SpanKind.CLIENT);
      const server = onlyOf(spans, SpanKind.SERVER);
      expect([client, server].map(({ instrumentationScope }) => instrumentationScope.name)).toEqual([
        HTTP_SCOPE,
        HTTP_SCOPE,
      ]);
      expect(server.parentSpanContext?.spanId).toBe(client.spanContext().spanId);
      expect(eventNames(client)).toEqual(DIALLED);
      expect(client.attributes).toMatchObject({
        'http.conn.reused': false,
        'httptrace.getconn.duration': SOME_NUMBER,
        'httptrace.connect.duration': SOME_NUMBER,
        'httptrace.send.duration': SOME_NUMBER,
        'httptrace.wait.duration': SOME_NUMBER,
        'httptrace.receive.duration': SOME_NUMBER,
      });
      expect(client.status).toEqual({ code: SpanStatusCode.UNSET });
      expect(eventNames(server)).toEqual(SERVED);
      expect(server.attributes).toMatchObject({
        'http.response.body.size': 5,
        'httptrace.first_byte.duration': SOME_NUMBER,
      });
      for (const span of spans) {
        expectSane(span);
      }
      expect(setup.complaints).toEqual([]);
    });

    it('that is refused', async () => {
      await expect(byNode(`http://127.0.0.1:${await refusedPort()}/`)).rejects.toThrow('ECONNREFUSED');
      const span = onlyOf(await telemetry.all(), SpanKind.CLIENT);
      expect(eventNames(span).filter((name) => name !== 'exception')).toEqual([
        'http.getconn.start',
        'http.connect.start',
        'http.connect.done',
        'http.getconn.done',
      ]);
      expect(span.attributes).toMatchObject({
        'httptrace.failed_phase': 'connect',
        'httptrace.connect.duration': SOME_NUMBER,
        // As theirs says it.
        'error.type': 'Error',
      });
      expect(span.status.code).toBe(SpanStatusCode.ERROR);
      expectSane(span);
    });

    it('whose connection is reset', async () => {
      const { origin } = await resettingServer();
      await expect(byNode(origin)).rejects.toThrow();
      const span = onlyOf(await telemetry.all(), SpanKind.CLIENT);
      expect(span.attributes['httptrace.failed_phase']).toBe('wait');
      expectSane(span);
    });

    it('that the caller aborts', async () => {
      const { origin, received } = await silentServer();
      const controller = new AbortController();
      const asked = byNode(origin, { signal: controller.signal });
      await received;
      controller.abort();
      await expect(asked).rejects.toThrow();
      const span = onlyOf(await telemetry.all(), SpanKind.CLIENT);
      expect(eventNames(span).filter((name) => name !== 'exception')).toEqual(DIALLED.slice(0, 6));
      expect(span.attributes).not.toHaveProperty('httptrace.failed_phase');
      expectSane(span);
    });

    it('whose body is never read', async () => {
      const url = await serve((_req, res) => res.end('x'.repeat(100_000)));
      const request = http.request(url, { agent: nodeAgent() }).end();
      const [response] = await once(request, 'response');
      response.destroy();
      await once(request, 'close');
      const span = onlyOf(await telemetry.finished(), SpanKind.CLIENT);
      expect(eventNames(span)).toEqual(expect.arrayContaining(['http.getconn.done', 'http.receive.start']));
      expectSane(span);
    });

    it('with a status, leaves theirs as it would be without us', async () => {
      const url = await serve((_req, res) => res.writeHead(503).end('later'));
      await expectTheSame(() => byNode(url));
    });
  });

  describe.each(UNDICI_FLAVOURS)('a request of $name', ({ fetch, Agent, Client }) => {
    const agentOf = () => {
      const agent = new Agent();
      onTestFinished(() => agent.destroy());
      return agent;
    };
    const ask = async (url: string, options: { signal?: AbortSignal } = {}) =>
      (await fetch(url, { dispatcher: agentOf(), ...options })).text();

    it('is one CLIENT span and one SERVER span, theirs, with our events and attributes', async () => {
      const url = await serve();
      expect(await ask(`${url}/a`)).toBe('hello');
      const spans = await telemetry.all();
      expect(spans).toHaveLength(2);
      const client = onlyOf(spans, SpanKind.CLIENT);
      const server = onlyOf(spans, SpanKind.SERVER);
      expect([client, server].map(({ instrumentationScope }) => instrumentationScope.name)).toEqual([
        UNDICI_SCOPE,
        HTTP_SCOPE,
      ]);
      expect(server.parentSpanContext?.spanId).toBe(client.spanContext().spanId);
      expect(eventNames(client)).toEqual(DIALLED);
      expect(client.attributes).toMatchObject({
        'http.conn.reused': false,
        'httptrace.getconn.duration': SOME_NUMBER,
        'httptrace.receive.duration': SOME_NUMBER,
      });
      expect(client.status).toEqual({ code: SpanStatusCode.UNSET });
      expect(eventNames(server)).toEqual(SERVED);
      for (const span of spans) {
        expectSane(span);
      }
      expect(setup.complaints).toEqual([]);
    });

    it('that is refused', async () => {
      await expect(ask(`http://127.0.0.1:${await refusedPort()}/`)).rejects.toThrow();
      const span = onlyOf(await telemetry.all(), SpanKind.CLIENT);
      expect(span.attributes).toMatchObject({
        'httptrace.failed_phase': 'connect',
        'error.type': 'ECONNREFUSED',
      });
      expect(eventNames(span)).toContain('http.connect.done');
      expect(span.status.code).toBe(SpanStatusCode.ERROR);
      expectSane(span);
    });

    it('that the caller aborts', async () => {
      const { origin, received } = await silentServer();
      const controller = new AbortController();
      const asked = ask(origin, { signal: controller.signal });
      await received;
      controller.abort();
      await expect(asked).rejects.toThrow();
      const span = onlyOf(await telemetry.all(), SpanKind.CLIENT);
      expect(eventNames(span)).toEqual(DIALLED.slice(0, 6));
      expect(span.attributes).not.toHaveProperty('httptrace.failed_phase');
      expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
      expectSane(span);
    });

    it('whose body is cancelled', async () => {
      const mayEnd = deferred();
      const url = await serve((_req, res) => {
        res.write('first');
        void mayEnd.promise.then(() => res.end());
      });
      const response = await fetch(url, { dispatcher: agentOf() });
      await response.body?.cancel();
      mayEnd.resolve();
      const span = onlyOf(await telemetry.finished(), SpanKind.CLIENT);
      expect(eventNames(span)).toEqual(expect.arrayContaining(['http.getconn.done', 'http.receive.start']));
      expectSane(span);
    });

    it('that waits for a connection', async () => {
      const url = await serve();
      const client = new Client(url);
      onTestFinished(() => client.destroy());
      const askNext = async () => (await client.request({ path: '/', method: 'GET' })).body.text();
      await Promise.all([askNext(), askNext()]);
      const [first, second] = await telemetry.finished();
      expect([first, second].map((span) => span && eventNames(span).includes('http.connect.done'))).toEqual([
        true,
        false,
      ]);
      expect(second?.attributes['http.conn.reused']).toBe(true);
    });

    it('with a status, leaves theirs as it would be without us', async () => {
      const url = await serve((_req, res) => res.writeHead(503).end('later'));
      await expectTheSame(() => ask(url));
    });

    it('draws the phases as spans below theirs, and within it', async () => {
      setup.configure({ client: { phases: 'spans' } });
      const url = await serve();
      await ask(url);
      const spans = await telemetry.all();
      const client = onlyOf(spans, SpanKind.CLIENT);
      const phases = spans.filter(({ kind }) => kind === SpanKind.INTERNAL);
      const parents = phases.map(({ name, parentSpanContext }) => [
        name,
        spans.find((span) => span.spanContext().spanId === parentSpanContext?.spanId)?.name,
      ]);
      expect(parents).toEqual([
        ['http.getconn', client.name],
        ['http.connect', 'http.getconn'],
        ['http.send', client.name],
        ['http.wait', client.name],
        ['http.receive', client.name],
      ]);
      expect(treeFaults(spans).filter((fault) => fault.startsWith('http.'))).toEqual([]);
      expect(eventNames(client)).toEqual([]);
    });

    it('makes child spans of theirs, and links to what was set up', async () => {
      setup.configure({ client: { phases: 'linked-spans' } });
      const url = await serve();
      await ask(url);
      const spans = await telemetry.all();
      const client = onlyOf(spans, SpanKind.CLIENT);
      const byName = (start: string): ReadableSpan | undefined =>
        spans.find(({ name }) => name.startsWith(start));
      expect(byName('HTTP wait_for_connection')?.parentSpanContext?.spanId).toBe(client.spanContext().spanId);
      const connectionSetup = byName('HTTP connection_setup');
      expect(connectionSetup?.parentSpanContext).toBeUndefined();
      expect(client.links.map(({ context }) => context.spanId)).toEqual([
        connectionSetup?.spanContext().spanId,
      ]);
      expect(eventNames(client)).toEqual(DIALLED.slice(4));
    });
  });

  describe('the durations', () => {
    const DURATIONS = ['http.client.request.duration', 'http.server.request.duration'];
    const THEIRS = DURATIONS.map((name) => [HTTP_SCOPE, name, 1]);
    const OURS = DURATIONS.map((name) => ['opentelemetry-instrumentation-httptrace', name, 1]);

    async function measured(): Promise<unknown[]> {
      await telemetry.all();
      return (await telemetry.allMetrics())
        .map(({ scope, metric }) => [
          scope,
          metric.descriptor.name,
          pointsOf([metric], metric.descriptor.name)[0]?.count,
        ])
        .sort();
    }

    it('are measured by theirs alone', async () => {
      await byNode(await serve());
      expect(await measured()).toEqual(THEIRS);
    });

    it('are measured by ours as well if that was asked for', async () => {
      setup.configure({ metrics: Object.fromEntries(DURATIONS.map((name) => [name, true])) });
      await byNode(await serve());
      expect(await measured()).toEqual([...THEIRS, ...OURS]);
    });
  });

  describe('a span whose end is not what it was', () => {
    /** Ends by way of somebody else's function, as Sentry's spans do. */
    const patched = (span: Span, ends: unknown[]): void => {
      const { end } = span;
      span.end = function (this: Span, ...args) {
        ends.push(args);
        end.apply(this, args);
      };
    };

    it.each(['before', 'after'])(
      'since somebody patched it %s we got it, ends once, by way of both',
      async (when) => {
        const ends: unknown[] = [];
        setup.callWith((span, request) => {
          if (when === 'before') {
            patched(span, ends);
          }
          setup.ours.useSpan(span, request);
          if (when === 'after') {
            patched(span, ends);
          }
        });
        await byNode(await serve());
        const spans = await telemetry.all();
        expect([spans.length, ends.length]).toEqual([2, 2]);
        expect(eventNames(onlyOf(spans, SpanKind.CLIENT))).toEqual(DIALLED);
        for (const span of spans) {
          expectSane(span);
        }
        expect(setup.complaints).toEqual([]);
      },
    );

    it('since it is frozen, changes nothing for the request', async () => {
      // What is frozen stands before the span, which could not end otherwise.
      setup.callWith((span, request) => setup.ours.useSpan(frozen(span), request));
      expect(await byNode(await serve())).toBe('hello');
      expect(await telemetry.all()).toHaveLength(2);
      expect(setup.complaints).toEqual([]);
    });

    it('is as it was afterwards', async () => {
      const seen: Span[] = [];
      setup.callWith((span, request) => {
        seen.push(span);
        setup.ours.useSpan(span, request);
      });
      await byNode(await serve());
      await telemetry.all();
      expect(seen.map((span) => Object.hasOwn(span, 'end'))).toEqual([false, false]);
    });
  });

  it('a span that is given twice is enriched once', async () => {
    setup.callWith((span, request) => {
      setup.ours.useSpan(span, request);
      setup.ours.useSpan(span, request);
    });
    await byNode(await serve());
    expect(eventNames(onlyOf(await telemetry.all(), SpanKind.CLIENT))).toEqual(DIALLED);
  });

  it('while we are disabled theirs go on, and are not touched', async () => {
    setup.ours.disable();
    await byNode(await serve());
    setup.ours.enable();
    for (const span of await telemetry.all()) {
      expect(eventNames(span)).toEqual([]);
    }
  });
}

function frozen(span: Span): Span {
  return Object.freeze({
    spanContext: () => span.spanContext(),
    setAttribute: () => span,
    setAttributes: () => span,
    addEvent: () => span,
    addLink: () => span,
    addLinks: () => span,
    setStatus: () => span,
    updateName: () => span,
    end: (at) => span.end(at),
    isRecording: () => span.isRecording(),
    recordException: () => undefined,
  } satisfies Span);
}

/** Without what the system chose. */
function stable(shown: unknown): unknown {
  return JSON.parse(JSON.stringify(shown), (key, value) => (/port$/.test(key) ? 'some' : value));
}
