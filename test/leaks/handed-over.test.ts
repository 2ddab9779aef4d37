import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import { setImmediate } from 'node:timers/promises';
import * as tls from 'node:tls';
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { answerOf, keptAlive } from '../support/clients/node-clients.js';
import { survivors } from '../support/garbage.js';
import { CA } from '../support/servers/certificates.js';
import { connectProxy } from '../support/servers/connect-proxy.js';
import { listen } from '../support/servers/listen.js';
import { httpsServer } from '../support/servers/truthful-server.js';
import { useTelemetry } from '../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

/** Keeps no span, but knows whether anybody does. */
function spansSeen(): WeakRef<object>[] {
  const spans: WeakRef<object>[] = [];
  const noting: SpanProcessor = {
    onStart: (span) => void spans.push(new WeakRef(span)),
    onEnd: () => undefined,
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const provider = new BasicTracerProvider({ spanProcessors: [noting] });
  telemetry
    .instrument({ server: { enabled: false }, metrics: { 'http.client.open_connections': true } })
    .setTracerProvider(provider);
  return spans;
}

describe('what a connection is for goes on, and its request is forgotten', () => {
  it('while it is a WebSocket', async () => {
    const server = http.createServer();
    new WebSocketServer({ server });
    const port = await listen(server);
    const spans = spansSeen();
    const requests: WeakRef<object>[] = [];
    const open = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}`, {
          finishRequest(request) {
            requests.push(new WeakRef(request));
            request.end();
          },
        });
        onTestFinished(() => socket.terminate());
        await once(socket, 'open');
        return socket;
      }),
    );
    await setImmediate();

    // The last one may still be on a stack.
    expect(await survivors(requests)).toBeLessThanOrEqual(1);
    expect(await survivors(spans)).toBeLessThanOrEqual(1);
    expect(spans).toHaveLength(6);
    expect(open.every(({ readyState }) => readyState === WebSocket.OPEN)).toBe(true);
  });

  it('while it is a tunnel for other requests', async () => {
    const { port } = await httpsServer();
    const proxy = await connectProxy();
    const requests: WeakRef<object>[] = [];
    const agent = keptAlive(new https.Agent({ keepAlive: true }));
    Object.assign(agent, {
      createConnection(
        options: tls.ConnectionOptions,
        done: (error: Error | null, socket?: tls.TLSSocket) => void,
      ) {
        const request = http.request({
          host: '127.0.0.1',
          port: proxy.port,
          method: 'CONNECT',
          path: `127.0.0.1:${port}`,
          agent: false,
        });
        requests.push(new WeakRef(request));
        request
          .once('connect', (_response, socket) => done(null, tls.connect({ ...options, socket })))
          .once('error', done)
          .end();
      },
    });
    const spans = spansSeen();
    const ask = async () => {
      const request = https.get({ host: 'localhost', port, agent, ca: CA, servername: 'localhost' });
      requests.push(new WeakRef(request));
      await answerOf(request);
      await setImmediate();
    };
    for (let count = 0; count < 3; count++) {
      await ask();
    }

    expect(proxy.asked).toHaveLength(1);
    // Node keeps the last request of a connection.
    expect(await survivors(requests.slice(0, -1))).toBe(0);
    expect(await survivors(spans.slice(0, -1))).toBe(0);
    expect(spans).toHaveLength(3);
  });
});
