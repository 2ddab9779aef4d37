import { once } from 'node:events';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { HttpTraceInstrumentation } from '../../../src/index.js';
import { RawClient, rawRequest } from '../../support/clients/raw-client.js';
import { listen } from '../../support/servers/listen.js';
import { useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();

const PROTOTYPES: object[] = [
  http.Server.prototype,
  https.Server.prototype,
  Object.getPrototypeOf(http2.createServer()),
  Object.getPrototypeOf(http2.createSecureServer()),
];

/** Everything that could have been changed on what all servers share. */
function shared(): unknown[] {
  const chain: object[] = [];
  for (const prototype of [
    ...PROTOTYPES,
    http.IncomingMessage.prototype,
    http.ServerResponse.prototype,
    http2.Http2ServerRequest.prototype,
    http2.Http2ServerResponse.prototype,
  ]) {
    for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at)) {
      chain.push(at);
    }
  }
  return chain.map((object) => Object.getOwnPropertyDescriptors(object));
}

async function serve(): Promise<number> {
  return listen(http.createServer((_req, res) => res.end()));
}

describe('servers', () => {
  test('are what they were when nothing observes any more', async () => {
    const before = shared();
    const one = served.record();
    const other = served.record();
    expect(shared()).not.toEqual(before);
    one.disable();
    expect(shared()).not.toEqual(before);
    other.disable();
    expect(shared()).toEqual(before);
  });

  test('are not touched with server.enabled: false', () => {
    const before = shared();
    served.record({ enabled: false });
    expect(shared()).toEqual(before);
  });

  test('that were made before are recorded, and those made afterwards', async () => {
    const early = await serve();
    served.record();
    const late = await serve();
    await rawRequest(early, 'GET /early HTTP/1.1');
    await rawRequest(late, 'GET /late HTTP/1.1');
    const spans = await served.spans(2);
    expect(spans.map(({ attributes }) => attributes['url.path'])).toEqual(['/early', '/late']);
  });

  test('of a class of their own are recorded', async () => {
    served.record();
    class Mine extends http.Server {
      override emit(event: string, ...args: unknown[]): boolean {
        return super.emit(event, ...args);
      }
    }
    await rawRequest(await listen(new Mine((_req, res) => res.end())));
    await served.only();
  });
});

test('what somebody laid over emit sees all events, heard or not', async () => {
  const seen: unknown[] = [];
  class Request extends http.IncomingMessage {
    override emit(event: string, ...args: unknown[]): boolean {
      seen.push(event);
      return super.emit(event, ...args);
    }
  }
  class Response extends http.ServerResponse {
    override emit(event: string, ...args: unknown[]): boolean {
      seen.push(event);
      return super.emit(event, ...args);
    }
  }
  const options = { IncomingMessage: Request, ServerResponse: Response };
  const port = await listen(http.createServer(options, (_req, res) => res.end()));
  await rawRequest(port);
  const unobserved = seen.splice(0);
  served.record();
  await rawRequest(port);
  await served.only();
  await setImmediate();
  expect(unobserved).toContain('prefinish');
  expect(seen).toEqual(unobserved);
});

describe('each request is recorded once', () => {
  test('with two instances', async () => {
    served.record();
    served.record();
    await rawRequest(await serve());
    await served.only();
  });

  test('with two copies of the package, in whichever order they go', async () => {
    const before = shared();
    const first = served.record();
    vi.resetModules();
    const copy = await import('../../../src/index.js');
    expect(copy.HttpTraceInstrumentation).not.toBe(HttpTraceInstrumentation);
    const second = served.attach(new copy.HttpTraceInstrumentation({ client: { enabled: false } }));
    const port = await serve();
    await rawRequest(port, 'GET /1 HTTP/1.1');
    first.disable();
    await rawRequest(port, 'GET /2 HTTP/1.1');
    second.disable();
    await rawRequest(port, 'GET /3 HTTP/1.1');
    const spans = await served.spans(2);
    expect(spans.map(({ attributes }) => attributes['url.path'])).toEqual(['/1', '/2']);
    expect(shared()).toEqual(before);
  });

  test('when a program hands it from one server to another', async () => {
    served.record();
    const behind = http.createServer((_req, res) => res.end());
    const port = await listen(http.createServer((req, res) => void behind.emit('request', req, res)));
    await rawRequest(port);
    await served.only();
  });
});

describe('enable, disable and setConfig', () => {
  test('take effect from the next request on, at any time and in any order', async () => {
    const instrumentation = served.record();
    const port = await serve();
    const steps: [string, () => void][] = [
      ['/on', () => undefined],
      ['/off', () => instrumentation.disable()],
      ['/still-off', () => instrumentation.disable()],
      ['/on-again', () => instrumentation.enable()],
      ['/ignored', () => instrumentation.setConfig({ server: { ignorePaths: ['/ignored'] } })],
      ['/ignored', () => instrumentation.setConfig({})],
      ['/server-off', () => instrumentation.setConfig({ server: { enabled: false } })],
      ['/server-on', () => instrumentation.setConfig({ client: { enabled: false } })],
    ];
    for (const [path, step] of steps) {
      step();
      await rawRequest(port, `GET ${path} HTTP/1.1`);
    }
    const spans = await served.spans(4);
    expect(spans.map(({ attributes }) => attributes['url.path'])).toEqual([
      '/on',
      '/on-again',
      '/ignored',
      '/server-on',
    ]);
  });

  test('finish what is under way by the config that it began with', async () => {
    const instrumentation = served.record();
    const server = http.createServer();
    const port = await listen(server);
    const client = await RawClient.connect(port);
    client.send(['GET / HTTP/1.1', 'Host: a', 'Connection: close']);
    const [, response]: [unknown, http.ServerResponse] = (await once(server, 'request')) as [
      unknown,
      http.ServerResponse,
    ];
    response.write('12');
    instrumentation.disable();
    response.end('345');
    await client.closed();
    const span = await served.only();
    expect(span.attributes).toMatchObject({
      'http.response.status_code': 200,
      'http.response.body.size': 5,
    });
  });
});
