import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { draw } from '../waterfall/draw.js';
import type { ConnectionOptions } from './command/options.js';
import { safeJson } from './output.js';
import { drawingOf } from './report/drawing.js';
import { summaryOf } from './report/request-report.js';
import { Dialer } from './send/dialer.js';
import { NegotiatingTransport } from './send/transport.js';
import { RequestTracer } from './spans/traced-request.js';

/** The warm-up must not take longer than this, even if the loopback of this machine is broken. */
const PATIENCE_MS = 2_000;

/** The first round loads the code, and the second runs it. */
const ROUNDS = 2;

/** A key that both sides know. With it they need no certificate, and they speak to nobody else. */
const KEY = Buffer.alloc(32, 'warm');
const SHARED_KEY = { ciphers: 'PSK', maxVersion: 'TLSv1.2' as const };

const PLAIN: ConnectionOptions = {
  insecure: true,
  http: '1.1',
  resolve: [],
  connectTo: [],
  proxy: null,
};

/**
 * Sends requests to a server of our own, so that Node loads its code and runs each step once. Otherwise that time would
 * count as time of the network, and users compare with curl.
 */
export async function warmUp(): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const secure = http2.createSecureServer(
    { ...SHARED_KEY, pskCallback: () => KEY, allowHTTP1: true },
    (_req, res) => void res.end('warm'),
  );
  const plain = http.createServer((_req, res) => void res.end('warm'));
  // If this machine lets nobody listen, the first request is slower, and nothing else changes.
  await Promise.allSettled([
    lookup('localhost'),
    rehearse(plain, 'http', PLAIN, signal),
    rehearse(secure, 'https', PLAIN, signal).then(() =>
      rehearse(secure, 'https', { ...PLAIN, http: 'negotiated' }, signal),
    ),
  ]);
  plain.close();
  secure.close();
}

async function rehearse(
  server: Server,
  scheme: string,
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<void> {
  if (!server.listening) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening', { signal });
  }
  const { port } = server.address() as AddressInfo;
  const dialer = new Dialer(options, {
    ...SHARED_KEY,
    pskCallback: () => ({ psk: KEY, identity: 'warm' }),
  });
  const tracer = new RequestTracer();
  for (let round = 0; round < ROUNDS; round += 1) {
    const transport = new NegotiatingTransport(dialer, options.http);
    const url = new URL(`${scheme}://127.0.0.1:${port}/`);
    const traced = tracer.begin({ url, method: 'GET', headers: [['accept', '*/*']], body: undefined });
    await transport.send({
      hop: traced.hop,
      trace: traced.trace,
      onAnswer: (answer) => traced.gotAnswer(answer),
      onBody: async (chunk) => traced.gotBody(chunk.length),
      signal,
    });
    traced.ended();
    const report = traced.report(true);
    safeJson(summaryOf(report));
    draw({ blocks: [drawingOf(report)], omitted: 0 }, { width: 80, colors: true });
    transport.close();
  }
}
