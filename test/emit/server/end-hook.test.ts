import { createServer, type RequestListener, ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { HttpTraceInstrumentationConfig } from '../../../src/index.js';
import { connectHttp2, http2Request } from '../../support/clients/http2-client.js';
import { RawClient, rawRequest } from '../../support/clients/raw-client.js';
import { listen } from '../../support/servers/listen.js';
import { useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();
type Hook = NonNullable<NonNullable<HttpTraceInstrumentationConfig['server']>['applyCustomAttributesOnSpan']>;

/** What the hook was called with, and what it saw of the span then. */
function noting() {
  const calls: unknown[] = [];
  const hook: Hook = (span, request, response) => {
    const tenant = response instanceof ServerResponse ? response.getHeader('x-tenant') : undefined;
    calls.push([Reflect.get(request, 'url'), response?.statusCode, tenant, span.isRecording()]);
    span.setAttribute('http.response.status_code', 299);
  };
  return { calls, hook };
}

const answer: RequestListener = (_req, res) => {
  res.setHeader('x-tenant', 'acme');
  res.statusCode = 410;
  res.end('gone');
};

describe('applyCustomAttributesOnSpan of a server', () => {
  test('is called last of all, when everything is known, so that what it sets wins', async () => {
    const { calls, hook } = noting();
    served.record({ applyCustomAttributesOnSpan: hook });
    await rawRequest(await listen(createServer(answer)), 'GET /ended HTTP/1.1');
    expect((await served.only()).attributes['http.response.status_code']).toBe(299);
    expect(calls).toEqual([['/ended', 410, 'acme', true]]);
  });

  test('is called once for a response that the client gives up', async () => {
    const { calls, hook } = noting();
    served.record({ applyCustomAttributesOnSpan: hook });
    const server = createServer((_req, res) => void res.write('some'));
    const client = await RawClient.connect(await listen(server));
    client.send(['GET /cut HTTP/1.1', 'Host: a']);
    await client.until('some');
    client.socket.destroy();
    await served.only();
    expect(calls).toEqual([['/cut', 200, undefined, true]]);
  });

  test('is called once, without a response, for a connection that is handed over', async () => {
    const { calls, hook } = noting();
    served.record({ applyCustomAttributesOnSpan: hook });
    const server = createServer().on('upgrade', (_req, socket) => socket.end());
    const client = await RawClient.connect(await listen(server));
    client.send(['GET /up HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: x']);
    await client.closed();
    await served.only();
    expect(calls).toEqual([['/up', undefined, undefined, true]]);
  });

  test('gets what the hooks get of a request of HTTP/2', async () => {
    const { calls, hook } = noting();
    served.record({ applyCustomAttributesOnSpan: hook });
    const server = createHttp2Server().on('stream', (stream) => {
      stream.respond({ ':status': 202 });
      stream.end();
    });
    const session = await connectHttp2(await listen(server));
    onTestFinished(() => session.destroy());
    await http2Request(session, { ':path': '/stream' });
    await served.only();
    expect(calls).toEqual([['/stream', 202, undefined, true]]);
  });

  test('that throws changes nothing', async () => {
    served.record({
      applyCustomAttributesOnSpan: () => {
        throw new Error('hook');
      },
    });
    await rawRequest(await listen(createServer(answer)));
    expect((await served.only()).attributes['http.response.status_code']).toBe(410);
    expect(served.complaints.splice(0)).toHaveLength(1);
  });

  test('is not called for a request that is not recorded', async () => {
    const { calls, hook } = noting();
    served.record({ applyCustomAttributesOnSpan: hook, ignorePaths: ['/ignored'] });
    await rawRequest(await listen(createServer(answer)), 'GET /ignored HTTP/1.1');
    expect(calls).toEqual([]);
  });
});
