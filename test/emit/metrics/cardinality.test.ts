import { channel } from 'node:diagnostics_channel';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { pointsOf } from '../../support/telemetry/metric-points.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const REQUESTS = 100_000;

const SERVER = [
  'http.server.request.duration',
  'http.server.active_requests',
  'http.server.request.body.size',
  'http.server.response.body.size',
  'httptrace.server.first_byte.duration',
];
const CLIENT = [
  'http.client.request.duration',
  'http.client.active_requests',
  'http.client.request.body.size',
  'http.client.response.body.size',
  'http.client.request.time_in_queue',
  'httptrace.client.phase.duration',
];
const ON = Object.fromEntries([...SERVER, ...CLIENT].map((name) => [name, true]));

/** The same sequence in each run. */
function randomWords(seed: number): () => string {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state.toString(36);
  };
}

async function seriesOf(names: readonly string[]): Promise<[string, number][]> {
  const metrics = await telemetry.metrics();
  return names.map((name) => [name, pointsOf(metrics, name).length]);
}

it('a hundred thousand hosts, methods, paths and schemes make one time series of each metric of a server', async () => {
  const instrumentation = telemetry.instrument({ server: {}, metrics: ON });
  // Spans would take a hundred times longer, and are no concern here.
  instrumentation.setConfig({ ...instrumentation.getConfig(), server: { requireParentforSpans: true } });
  const server = createServer((_req, res) => {
    res.writeHead(200);
    res.write('hello');
    res.emit('close');
  });
  const word = randomWords(1);
  for (let i = 0; i < REQUESTS; i++) {
    server.emit('request', ...received(word));
  }
  expect(await seriesOf(SERVER)).toEqual(SERVER.map((name) => [name, 1]));
  const [point] = pointsOf(await telemetry.metrics(), 'http.server.request.duration');
  expect(point).toMatchObject({
    count: REQUESTS,
    attributes: { 'http.request.method': '_OTHER', 'url.scheme': 'http' },
  });
}, 60_000);

const socket = new Socket();

function received(word: () => string): [IncomingMessage, ServerResponse] {
  const request = new IncomingMessage(socket);
  request.method = `M${word()}`.toUpperCase();
  request.url = `/${word()}/${word()}?${word()}=${word()}`;
  request.httpVersion = '1.1';
  request.headers = {
    host: `${word()}.example:${1 + (Number.parseInt(word(), 36) % 60_000)}`,
    'user-agent': word(),
    'x-forwarded-host': word(),
    'x-forwarded-proto': word(),
    forwarded: `for=${word()};host=${word()};proto=${word()}`,
  };
  return [request, new ServerResponse(request)];
}

it('a hundred thousand methods and paths make one time series of each metric of a client', async () => {
  telemetry.instrument({ metrics: ON, client: { requireParentforSpans: true } });
  const create = channel('undici:request:create');
  const sendHeaders = channel('undici:client:sendHeaders');
  const bodySent = channel('undici:request:bodySent');
  const headers = channel('undici:request:headers');
  const chunkReceived = channel('undici:request:bodyChunkReceived');
  const trailers = channel('undici:request:trailers');
  const word = randomWords(2);
  for (let i = 0; i < REQUESTS; i++) {
    const request = {
      origin: 'http://api.example:8080',
      method: `M${word()}`,
      path: `/${word()}?${word()}`,
      headers: [],
      body: null,
      contentLength: null,
      addHeader: () => undefined,
    };
    create.publish({ request });
    sendHeaders.publish({ request, headers: '', socket });
    bodySent.publish({ request });
    headers.publish({ request, response: { statusCode: 200, statusText: '', headers: [] } });
    chunkReceived.publish({ request, chunk: Buffer.from('hello') });
    trailers.publish({ request, trailers: [] });
  }
  const phases = 4;
  const series = new Map(await seriesOf(CLIENT));
  expect(series.get('http.client.request.duration')).toBe(1);
  expect(series.get('http.client.active_requests')).toBe(1);
  expect(series.get('http.client.request.body.size')).toBe(1);
  expect(series.get('http.client.response.body.size')).toBe(1);
  expect(series.get('http.client.request.time_in_queue')).toBe(1);
  expect(series.get('httptrace.client.phase.duration')).toBe(phases);
  const [point] = pointsOf(await telemetry.metrics(), 'http.client.request.duration');
  expect(point).toMatchObject({ count: REQUESTS, attributes: { 'http.request.method': '_OTHER' } });
}, 60_000);
