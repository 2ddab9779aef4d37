import { createServer, type Server, type ServerResponse } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { describe, expect, test } from 'vitest';
import { RawClient } from '../../support/clients/raw-client.js';
import { listen } from '../../support/servers/listen.js';
import { useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

const heads = (...paths: string[]) =>
  paths
    .map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n`)
    .join('\r\n')
    .trimEnd()
    .split('\r\n');

/** A server whose responses are left to the test, and a client that sent it all of these at once. */
async function pipelined(...paths: string[]): Promise<{
  client: RawClient;
  server: Server;
  responses: ServerResponse[];
}> {
  const responses: ServerResponse[] = [];
  const server = createServer();
  const arrived = new Promise<void>((resolve) => {
    server.on('request', (_request, response) => {
      if (responses.push(response) === paths.length) {
        resolve();
      }
    });
  });
  const client = await RawClient.connect(await listen(server));
  client.send(heads(...paths));
  await arrived;
  return { client, server, responses };
}

/** In a function of its own, on whose stack nothing is left of them. */
function answerAll(responses: ServerResponse[]): WeakRef<ServerResponse>[] {
  return responses.splice(0).map((response) => new WeakRef(response.end('answered')));
}

/** What became of the request to each path. */
function outcomes(spans: readonly ReadableSpan[]): Record<string, unknown> {
  return Object.fromEntries(
    spans.map(({ attributes }) => [
      attributes['url.path'],
      attributes['error.type'] ?? attributes['http.response.status_code'],
    ]),
  );
}

describe('requests that wait for their turn on one connection', () => {
  test.each([
    ['destroys it', (client: RawClient) => void client.socket.destroy()],
    ['ends it', (client: RawClient) => void client.socket.end()],
    ['resets it', (client: RawClient) => void client.socket.resetAndDestroy()],
  ])('end with it when the client %s', async (_name, leave) => {
    served.record();
    const { client } = await pipelined('/1', '/2', '/3');
    leave(client);
    const spans = await served.spans(3);
    expect(outcomes(spans)).toEqual({ '/1': 'ECONNRESET', '/2': 'ECONNRESET', '/3': 'ECONNRESET' });
    expect(spans.map(({ status }) => status)).toEqual(Array(3).fill({ code: SpanStatusCode.ERROR }));
    expect(spans.map(({ attributes }) => attributes['httptrace.aborted'])).toEqual([true, true, true]);
  });

  test('end with it although they were answered already', async () => {
    served.record();
    const { client, responses } = await pipelined('/1', '/2');
    responses[1]?.end('too early');
    client.socket.destroy();
    expect(outcomes(await served.spans(2))).toEqual({ '/1': 'ECONNRESET', '/2': 'ECONNRESET' });
  });

  test('end with it when the server says that it is the last', async () => {
    served.record();
    const { responses } = await pipelined('/1', '/2');
    responses[0]?.setHeader('connection', 'close').end('bye');
    expect(outcomes(await served.spans(2))).toEqual({ '/1': 200, '/2': 'ECONNRESET' });
  });

  test('end with it when the first of them closes it at once', async () => {
    served.record();
    const server = createServer((request) => request.socket.destroy());
    const client = await RawClient.connect(await listen(server));
    client.send(heads('/1', '/2'));
    await client.closed();
    expect(Object.values(outcomes(await served.spans(2)))).toEqual(['ECONNRESET', 'ECONNRESET']);
  });

  test('are answered in their turn, and end as they would alone', async () => {
    served.record();
    const { client, responses } = await pipelined('/1', '/2', '/3');
    for (const response of responses.reverse()) {
      response.end(`answered ${response.req.url}`);
    }
    await client.until('answered /3');
    expect(outcomes(await served.spans(3))).toEqual({ '/1': 200, '/2': 200, '/3': 200 });
    client.socket.destroy();
  });

  test('have one listener of the connection together', async () => {
    served.record();
    const paths = Array.from({ length: 50 }, (_, n) => `/${n}`);
    const warnings: Error[] = [];
    process.on('warning', (warning) => warnings.push(warning));
    const { client, responses } = await pipelined(...paths);
    for (const response of responses) {
      response.end('answered');
    }
    await served.spans(50);
    expect(warnings).toEqual([]);
    client.socket.destroy();
  });

  test('are forgotten when they are answered, while their connection goes on', async () => {
    served.record();
    const { client, responses } = await pipelined('/1', '/2');
    const refs = answerAll(responses);
    await served.spans(2);
    client.send(heads('/3'));
    await expect.poll(() => answerAll(responses).length).toBe(1);
    await expect
      .poll(() => {
        collect();
        return refs.map((ref) => ref.deref() === undefined);
      })
      .toEqual([true, true]);
    client.socket.destroy();
  });

  test('are measured as well', async () => {
    served.record({}, { metrics: { 'http.server.active_requests': true } });
    const { client } = await pipelined('/1', '/2');
    client.socket.destroy();
    await served.spans(2);
    expect((await served.pointsNow('http.server.active_requests')).map(({ value }) => value)).toEqual([0]);
  });
});
