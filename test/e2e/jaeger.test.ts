import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { text } from 'node:stream/consumers';
import { type HrTime, type Span, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { HttpTraceInstrumentation, type HttpTraceInstrumentationConfig } from '../../src/index.js';
import { CA, certificate } from '../support/servers/certificates.js';
import { listen } from '../support/servers/listen.js';
import { fetchTrace, type Jaeger, type JaegerSpan, jaegerIsThere, openJaeger } from './jaeger.js';

const NEW_CONNECTION = [
  'http.getconn.start',
  'http.dns.start',
  'http.dns.done',
  'http.connect.start',
  'http.connect.done',
  'http.tls.start',
  'http.tls.done',
  'http.getconn.done',
];
const EXCHANGE = ['http.send.start', 'http.send.done', 'http.receive.start', 'http.receive.done'];
const PHASES = ['getconn', 'dns', 'connect', 'tls', 'send', 'wait', 'receive'];
const ANSWER = ['http.response.head', 'http.response.first_write', 'http.response.end'];

const tag = ({ tags }: JaegerSpan, key: string): unknown => tags.find((one) => one.key === key)?.value;
const eventNames = ({ logs }: JaegerSpan): unknown[] =>
  logs.map(({ fields }) => fields.find(({ key }) => key === 'event')?.value);
const microseconds = ([seconds, nanoseconds]: HrTime): number =>
  seconds * 1_000_000 + Math.floor(nanoseconds / 1_000);

/** The one span of this kind and host. */
function spanOf(spans: readonly JaegerSpan[], kind: string, attribute = '', value?: unknown): JaegerSpan {
  const found = spans.filter(
    (span) => tag(span, 'span.kind') === kind && (attribute === '' || tag(span, attribute) === value),
  );
  expect(found, `${kind} spans with ${attribute} ${value}`).toHaveLength(1);
  return found[0] as JaegerSpan;
}

const linksOf = ({ references }: JaegerSpan) =>
  references.filter(({ refType }) => refType === 'FOLLOWS_FROM');

/** The name of each span after those of its ancestors, from the root down. */
function namesUnder(spans: readonly JaegerSpan[]): string[][] {
  const pathOf = (span: JaegerSpan): string[] => {
    const parents = span.references.filter(({ refType }) => refType === 'CHILD_OF');
    expect(parents.length, `parents of ${nameOf(span)}`).toBeLessThanOrEqual(1);
    const parent = spans.find(({ spanID }) => spanID === parents[0]?.spanID);
    expect(parents[0]?.spanID, `the parent of ${nameOf(span)}`).toBe(parent?.spanID);
    return parent === undefined ? [nameOf(span)] : [...pathOf(parent), nameOf(span)];
  };
  return spans.map(pathOf).sort((a, b) => a.length - b.length || a.join().localeCompare(b.join()));
}

/** What tells the spans of several requests apart. */
function nameOf(span: JaegerSpan): string {
  const kind = String(tag(span, 'span.kind'));
  return kind === 'internal' ? span.operationName : `${kind} ${tag(span, 'server.port')}`;
}

const childOf = (parent: JaegerSpan) => ({
  refType: 'CHILD_OF',
  traceID: parent.traceID,
  spanID: parent.spanID,
});

describe.skipIf(!jaegerIsThere)(
  'a real Jaeger (npm run test:jaeger obtains one)',
  { timeout: 60_000 },
  () => {
    let jaeger: Jaeger;
    let sdk: NodeSDK;
    let recorded: ReadableSpan[];
    const note = (span: Span): void => {
      recorded.push(span as Span & ReadableSpan);
    };
    const instrumentation = new HttpTraceInstrumentation();
    const tracer = trace.getTracer('e2e');

    beforeAll(async () => {
      jaeger = await openJaeger();
      process.env.OTEL_EXPORTER_OTLP_ENDPOINT = jaeger.endpoint;
      process.env.OTEL_METRICS_EXPORTER = 'none';
      process.env.OTEL_LOGS_EXPORTER = 'none';
      process.env.OTEL_BSP_SCHEDULE_DELAY = '50';
      sdk = new NodeSDK({ serviceName: 'bookshop', instrumentations: [instrumentation] });
      sdk.start();
    }, 60_000);

    afterAll(async () => {
      await sdk.shutdown();
      await jaeger.stop();
    });

    beforeEach(() => {
      recorded = [];
    });

    function configure(config: HttpTraceInstrumentationConfig): void {
      const sides = { client: { ...config.client, requestHook: note }, server: { requestHook: note } };
      instrumentation.setConfig({ ...config, ...sides });
    }

    /** A shop, and the warehouse that it asks before it answers. */
    async function openShop(): Promise<{ shop: number; warehouse: number; agent: Agent }> {
      const warehouse = await listen(createServer((_request, response) => response.end('2 copies')));
      const ask = async (_request: IncomingMessage, response: ServerResponse): Promise<void> => {
        const asked = httpRequest({ host: '127.0.0.1', port: warehouse, agent: false }).end();
        const [answer] = (await once(asked, 'response')) as [IncomingMessage];
        response.setHeader('content-type', 'text/plain');
        response.end(await text(answer));
      };
      const shop = await listen(createTlsServer(certificate('localhost'), ask));
      const lookup = (_host: string, _options: unknown, done: (...args: unknown[]) => void): void =>
        done(null, [{ address: '127.0.0.1', family: 4 }]);
      const agent = new Agent({ connect: { ca: CA, lookup: lookup as never } });
      onTestFinished(() => agent.close());
      return { shop, warehouse, agent };
    }

    /** Orders within a span of the program; the id of the trace. */
    function order(port: number, agent: Agent): Promise<string> {
      return tracer.startActiveSpan('order', async (span) => {
        const { body } = await request(`https://localhost:${port}/books?sig=secret`, { dispatcher: agent });
        expect(await body.text()).toBe('2 copies');
        span.end();
        return span.spanContext().traceId;
      });
    }

    it.each(['events', 'attributes'] as const)(
      "phases: '%s': client and server spans are one tree, across two hops",
      async (phases) => {
        configure({ client: { phases } });
        const { shop, warehouse, agent } = await openShop();
        const spans = await fetchTrace(jaeger.queryUrl, await order(shop, agent), 5);

        expect(spans).toHaveLength(5);
        expect(namesUnder(spans)).toEqual([
          ['order'],
          ['order', `client ${shop}`],
          ['order', `client ${shop}`, `server ${shop}`],
          ['order', `client ${shop}`, `server ${shop}`, `client ${warehouse}`],
          ['order', `client ${shop}`, `server ${shop}`, `client ${warehouse}`, `server ${warehouse}`],
        ]);
        expect(spans.flatMap(linksOf)).toEqual([]);
      },
    );

    it("phases: 'spans': each phase is a bar under its request, the dial under getconn, and within it", async () => {
      configure({ client: { phases: 'spans' } });
      const { shop, warehouse, agent } = await openShop();
      const spans = await fetchTrace(jaeger.queryUrl, await order(shop, agent), 16);

      const atShop = `order > client ${shop}`;
      const atWarehouse = `${atShop} > server ${shop} > client ${warehouse}`;
      const exchange = ['http.getconn', 'http.send', 'http.wait', 'http.receive'];
      const under = (above: string, ...names: string[]) => names.map((name) => `${above} > ${name}`);
      expect(
        namesUnder(spans)
          .map((path) => path.join(' > '))
          .sort(),
      ).toEqual(
        [
          'order',
          atShop,
          ...under(atShop, ...exchange, `server ${shop}`),
          ...under(`${atShop} > http.getconn`, 'http.dns', 'http.connect', 'http.tls'),
          atWarehouse,
          ...under(atWarehouse, ...exchange, `server ${warehouse}`),
          ...under(`${atWarehouse} > http.getconn`, 'http.connect'),
        ].sort(),
      );
      expect(eventNames(spanOf(spans, 'client', 'server.port', shop))).toEqual([]);
      for (const { spanID, references, startTime, duration, operationName } of spans) {
        const parent = spans.find(
          (other) => other.spanID === references[0]?.spanID && other.spanID !== spanID,
        );
        if (parent !== undefined && operationName.startsWith('http.')) {
          expect(startTime).toBeGreaterThanOrEqual(parent.startTime);
          // Jaeger cuts start and duration to the microsecond, each for itself.
          expect(startTime + duration).toBeLessThanOrEqual(parent.startTime + parent.duration + 1);
        }
      }
    });

    it("phases: 'linked-spans': each wait for a connection is in the same tree, under its request", async () => {
      configure({ client: { phases: 'linked-spans' } });
      const { shop, warehouse, agent } = await openShop();
      const spans = await fetchTrace(jaeger.queryUrl, await order(shop, agent), 7);

      const atShop = ['order', `client ${shop}`, `server ${shop}`];
      expect(spans).toHaveLength(7);
      expect(namesUnder(spans)).toEqual([
        ['order'],
        ['order', `client ${shop}`],
        ['order', `client ${shop}`, `HTTP wait_for_connection localhost:${shop}`],
        atShop,
        [...atShop, `client ${warehouse}`],
        [...atShop, `client ${warehouse}`, `HTTP wait_for_connection 127.0.0.1:${warehouse}`],
        [...atShop, `client ${warehouse}`, `server ${warehouse}`],
      ]);
      expect(linksOf(spanOf(spans, 'client', 'server.port', shop))).toHaveLength(1);
      expect(linksOf(spanOf(spans, 'client', 'server.port', warehouse))).toHaveLength(1);
    });

    it("phases: 'events': each event in its order, at the time at which it happened", async () => {
      configure({ client: { phases: 'events' } });
      const { shop, warehouse, agent } = await openShop();
      const spans = await fetchTrace(jaeger.queryUrl, await order(shop, agent), 5);

      expect(eventNames(spanOf(spans, 'client', 'server.port', shop))).toEqual([
        ...NEW_CONNECTION,
        ...EXCHANGE,
      ]);
      expect(eventNames(spanOf(spans, 'server', 'server.port', shop))).toEqual(ANSWER);
      expect(eventNames(spanOf(spans, 'client', 'server.port', warehouse))).toEqual([
        'http.getconn.start',
        'http.connect.start',
        'http.connect.done',
        'http.getconn.done',
        ...EXCHANGE,
      ]);
      expect(recorded).toHaveLength(4);
      for (const original of recorded) {
        const shown = spans.find(({ spanID }) => spanID === original.spanContext().spanId);
        expect(shown?.logs.map(({ timestamp }) => timestamp)).toEqual(
          original.events.map(({ time }) => microseconds(time)),
        );
        expect(shown?.startTime).toBe(microseconds(original.startTime));
      }
      for (const { logs, startTime, duration } of spans) {
        const times = logs.map(({ timestamp }) => timestamp);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect(times.every((time) => time >= startTime && time <= startTime + duration + 1)).toBe(true);
      }
    });

    it('shows the attributes of spans and events, with their types', async () => {
      configure({ client: { phases: 'events' } });
      const { shop, agent } = await openShop();
      const spans = await fetchTrace(jaeger.queryUrl, await order(shop, agent), 5);

      const client = spanOf(spans, 'client', 'server.port', shop);
      expect(client.operationName).toBe('GET');
      expect(Object.fromEntries(client.tags.map(({ key, value }) => [key, value]))).toMatchObject({
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'url.full': `https://localhost:${shop}/books?sig=REDACTED`,
        'network.peer.address': '127.0.0.1',
        'http.conn.reused': false,
      });
      for (const phase of PHASES) {
        expect(client.tags).toContainEqual({
          key: `httptrace.${phase}.duration`,
          type: 'float64',
          value: expect.any(Number),
        });
      }
      const tls = client.logs[NEW_CONNECTION.indexOf('http.tls.done')];
      expect(tls?.fields).toContainEqual({ key: 'tls.protocol.version', type: 'string', value: '1.3' });
      const server = spanOf(spans, 'server', 'server.port', shop);
      expect(tag(server, 'http.response.body.size')).toBe('2 copies'.length);
      expect(tag(server, 'httptrace.first_byte.duration')).toBeGreaterThan(0);
    });

    it("phases: 'attributes': the durations, and no events", async () => {
      configure({ client: { phases: 'attributes' } });
      const { shop, agent } = await openShop();
      const spans = await fetchTrace(jaeger.queryUrl, await order(shop, agent), 5);

      const client = spanOf(spans, 'client', 'server.port', shop);
      expect(client.logs).toEqual([]);
      for (const phase of PHASES) {
        expect(tag(client, `httptrace.${phase}.duration`), phase).toBeGreaterThan(0);
      }
      expect(eventNames(spanOf(spans, 'server', 'server.port', shop))).toEqual(ANSWER);
    });

    it("phases: 'linked-spans': the connection is a trace of its own, linked from the requests that it serves", async () => {
      configure({ client: { phases: 'linked-spans' } });
      const { shop, agent } = await openShop();
      const first = await fetchTrace(jaeger.queryUrl, await order(shop, agent), 7);
      const second = await fetchTrace(jaeger.queryUrl, await order(shop, agent), 6);

      const toShop = spanOf(first, 'client', 'server.port', shop);
      const waiting = first.find(
        ({ operationName }) => operationName === `HTTP wait_for_connection localhost:${shop}`,
      );
      expect(waiting?.references).toEqual([childOf(toShop)]);
      const links = linksOf(toShop);
      expect(links).toHaveLength(1);
      const connection = await fetchTrace(jaeger.queryUrl, links[0]?.traceID ?? '', 4);
      const setup = connection.find(({ spanID }) => spanID === links[0]?.spanID);
      expect(setup?.operationName).toBe(`HTTP connection_setup localhost:${shop}`);
      expect(setup?.references).toEqual([]);
      const steps = connection.filter((span) => span !== setup).sort((a, b) => a.startTime - b.startTime);
      expect(steps.map(({ operationName }) => operationName)).toEqual([
        'DNS lookup localhost',
        `socket connect 127.0.0.1:${shop}`,
        'TLS client handshake localhost',
      ]);
      expect(steps.map(({ references }) => references)).toEqual(
        steps.map(() => [childOf(setup as JaegerSpan)]),
      );
      const reused = spanOf(second, 'client', 'server.port', shop);
      expect(linksOf(reused)).toEqual(links);
    });

    it('shows where a request failed', async () => {
      configure({ client: { phases: 'events' } });
      const expired = await listen(createTlsServer(certificate('expired'), () => undefined));
      const traceId = await tracer.startActiveSpan('order', async (span) => {
        const agent = new Agent({ connect: { ca: CA } });
        await expect(request(`https://127.0.0.1:${expired}/`, { dispatcher: agent })).rejects.toThrow();
        span.end();
        return span.spanContext().traceId;
      });
      const client = spanOf(await fetchTrace(jaeger.queryUrl, traceId, 2), 'client');

      expect(tag(client, 'error')).toBe(true);
      expect(tag(client, 'otel.status_code')).toBe('ERROR');
      expect(tag(client, 'error.type')).toBe('CERT_HAS_EXPIRED');
      expect(tag(client, 'httptrace.failed_phase')).toBe('tls');
      expect(eventNames(client)).toEqual([
        'http.getconn.start',
        'http.connect.start',
        'http.connect.done',
        'http.tls.start',
        'http.tls.done',
        'http.getconn.done',
      ]);
    });
  },
);
