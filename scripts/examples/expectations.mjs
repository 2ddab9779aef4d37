// What each example must print: the same that its README promises.
import assert from 'node:assert/strict';
import { expectText, runServer, runToEnd } from './run.mjs';
import { authority, withCollector, withUpstream } from './servers.mjs';

const INTERNAL = 1;
const CLIENT = 3;
const SERVER = 2;

const requestOf = (path = '/') => new RegExp(`GET http://localhost:\\d+${path} +200 OK`);

/** A server that has `/books/7`, named by its route, and asks an upstream for it. */
function bookServer(example) {
  return withUpstream(async (upstream) => {
    const done = await runServer(example, { paths: ['/books/7'], env: { UPSTREAM: upstream } });
    assert.deepEqual(JSON.parse(done.answers[0].body), { id: '7', upstream: 200, characters: 5 });
    expectText(done, [
      /server GET \/books\/7 .*\n.*route \/books\/:id/,
      requestOf(),
      /getconn new connection/,
      /first write|end 4\d B/,
    ]);
    return done;
  });
}

export const EXAMPLES = {
  esm: (example) =>
    withUpstream(async (url) => {
      const done = await runToEnd(example, { args: [url] });
      expectText(done, [/200 5 characters/, requestOf(), /getconn new connection/, /getconn reused after/]);
    }),

  cjs: (example) =>
    withUpstream(async (url) => {
      expectText(await runToEnd(example, { args: [url] }), [/^200$/m, requestOf(), /getconn new connection/]);
    }),

  express5: bookServer,
  fastify5: bookServer,
  koa: bookServer,

  async nextjs(example) {
    const { stdout } = await runToEnd(example, { script: 'build', env: { NEXT_TELEMETRY_DISABLED: '1' } });
    assert.doesNotMatch(stdout, /warn/i);
    await withUpstream(async (upstream) => {
      // Next.js ends by itself, and sends nothing more then: what is recorded has to be sent before.
      const env = { UPSTREAM: upstream, OTEL_BSP_SCHEDULE_DELAY: '100' };
      // It holds the first request until it has called `register`: its server span may be missing.
      const paths = ['/books', '/books'];
      const done = await runServer(example, { paths, env, until: /server GET \/books.*getconn/s });
      expectText(done, [/server GET \/books +200 OK/, /fetch GET http/, requestOf()]);
    });
  },

  async grpc(example) {
    const done = await runToEnd(example);
    expectText(done, [
      /2 things\napples\npears/,
      /POST http:\/\/127\.0\.0\.1:\d+\/shop\.Cart\/Total +200 OK/,
      /POST http:\/\/127\.0\.0\.1:\d+\/shop\.Cart\/Items +200 OK/,
    ]);
  },

  proxy: (example) =>
    withUpstream(
      async (url) => {
        const done = await runToEnd(example, { args: [url], env: { NODE_EXTRA_CA_CERTS: authority } });
        expectText(done, [
          /200 5 characters/,
          /GET https:\/\/localhost:\d+\/ +200 OK/,
          /connect 127\.0\.0\.1/,
          /tls +TLS 1\.3/,
        ]);
      },
      { secure: true },
    ),

  'three-services': (example) =>
    withCollector(async (endpoint, spans) => {
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' };
      const done = await runToEnd(example, { env });
      expectText(done, [/storefront → orders → stock/, /http:\/\/localhost:16686\/trace\/[0-9a-f]{32}/]);
      const [, traceId] = done.stdout.match(/trace\/([0-9a-f]{32})/);
      assert.deepEqual([...new Set(spans.map((span) => span.traceId))], [traceId]);
      assert.deepEqual(chain(spans.filter(({ kind }) => kind !== INTERNAL)), [
        ['storefront', SERVER],
        ['storefront', CLIENT],
        ['orders', SERVER],
        ['orders', CLIENT],
        ['stock', SERVER],
      ]);
      const phases = spans
        .filter(({ kind }) => kind === INTERNAL)
        .map(({ service, name }) => `${service}: ${name}`);
      for (const name of ['http.getconn', 'http.connect', 'http.send', 'http.wait', 'http.receive']) {
        assert.ok(phases.includes(`storefront: ${name}`), `no span ${name}`);
      }
    }),

  'existing-setup': (example) =>
    withUpstream(async (upstream) => {
      const done = await runServer(example, { paths: ['/'], env: { UPSTREAM: upstream } });
      expectText(done, [requestOf(), /getconn new connection/]);
    }),

  'client-trace': (example) =>
    withUpstream(async (url) => {
      const steps = [
        'wants a connection to localhost:\\d+',
        'looks up localhost',
        'finds',
        'dials',
        'is connected',
      ];
      const rest = ['has a new connection', 'has sent the request', 'sees the first byte', 'is done: 200'];
      const inOrder = new RegExp([...steps, ...rest].join('[^]*'));
      expectText(await runToEnd(example, { args: [url] }), [inOrder]);
    }),

  async 'capture-metrics'(example) {
    const done = await runServer(example, { paths: ['/', '/missing'] });
    expectText(done, [/GET \/ 200 12 bytes in \d/, /GET \/missing 404 9 bytes in \d/]);
  },
};

/** The services and kinds of spans, each the child of the one before. */
function chain(spans) {
  const found = [];
  const isRoot = ({ parentSpanId }) => !spans.some(({ spanId }) => spanId === parentSpanId);
  for (
    let span = spans.find(isRoot);
    span;
    span = spans.find(({ parentSpanId }) => parentSpanId === span.spanId)
  ) {
    found.push([span.service, span.kind]);
  }
  return found;
}
