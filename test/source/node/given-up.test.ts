import type * as http from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { ClientTraceHook } from '../../../src/httptrace/client-trace.js';
import { CLIENT_TRACE_HOOKS } from '../../../src/httptrace/compose.js';
import { nodeRequest } from '../../support/clients/node-clients.js';
import { EventRecorder } from '../../support/event-recorder.js';
import { CA } from '../../support/servers/certificates.js';
import { httpServer, httpsServer } from '../../support/servers/truthful-server.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

/** How a hook gives its request up: what the program is told then is Node's business. */
const WAYS: readonly (readonly [name: string, giveUp: (request: http.ClientRequest) => unknown])[] = [
  ['destroy()', (request) => request.destroy()],
  ['abort()', (request) => request.abort()],
  ['its connection', (request) => request.socket?.destroy() ?? request.destroy()],
];

const SERVERS = [
  ['http', httpServer],
  ['https', httpsServer],
] as const;

/** In the order in which they come; the last one when nothing is left to give up. */
const HOOKS = CLIENT_TRACE_HOOKS.filter((hook) => hook !== 'putIdleConn');

describe.each(SERVERS)('a request over %s that is given up within a hook', (scheme, serverOf) => {
  const uncaught: unknown[] = [];
  const note = (error: unknown) => uncaught.push(error);

  afterEach(() => {
    process.off('uncaughtException', note);
  });

  const hooks = HOOKS.filter((hook) => scheme === 'https' || !hook.startsWith('tls'));

  describe.each(hooks)('%s', (hook: ClientTraceHook) => {
    it.each(WAYS)('by %s is over, once, and Node goes on', async (_name, giveUp) => {
      process.on('uncaughtException', note);
      const { port } = await serverOf((req, res) => {
        res.writeEarlyHints({ link: '</a.css>; rel=preload' });
        req.resume().on('end', () => res.end('ok'));
      });
      telemetry.instrument();
      const recorder = new EventRecorder();
      let request: http.ClientRequest | undefined;
      recorder.on(hook, () => (request === undefined ? process.nextTick(stop) : stop()));
      const stop = () => request && giveUp(request);

      request = recorder.run(() =>
        nodeRequest(`${scheme}://localhost:${port}/`, {
          agent: false,
          ca: CA,
          method: 'POST',
          headers: { expect: '100-continue', 'content-length': 2 },
        }),
      );
      const closed = new Promise((resolve) => request?.on('close', resolve));
      request
        .on('error', () => undefined)
        .on('response', (response) => response.on('error', () => undefined).resume())
        .on('continue', () => request?.end('ab'))
        .flushHeaders();
      await closed;

      expect(uncaught).toEqual([]);
      expect(recorder.count(hook)).toBeGreaterThan(0);
      expect(await telemetry.finished()).toHaveLength(1);
    });
  });
});
