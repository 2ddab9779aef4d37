import type { Socket } from 'node:net';
import { context } from '@opentelemetry/api';
import type { ClientTrace } from '../../httptrace/client-trace.js';
import { withClientTrace } from '../../httptrace.js';
import type { RequestTrace } from '../../source/request-trace.js';
import type { ConnectionOptions } from '../command/options.js';
import type { Dialer } from './dialer.js';
import type { Exchange, Transport } from './exchange.js';
import { Http1Connections } from './http1.js';
import { Http2Session } from './http2.js';

/** The connections that are kept for further requests to one origin. */
type Kept = Http1Connections | Http2Session;

/**
 * Sends requests by HTTP/1.1 or HTTP/2, whichever the server agrees to, and keeps the connections. The trace is told of
 * dials from here, and of everything after them by the package itself.
 */
export class NegotiatingTransport implements Transport {
  private readonly dialer: Dialer;
  private readonly http: ConnectionOptions['http'];
  private readonly kept = new Map<string, Kept>();

  constructor(dialer: Dialer, http: ConnectionOptions['http']) {
    this.dialer = dialer;
    this.http = http;
  }

  async send(exchange: Exchange): Promise<void> {
    const connections = this.usable(exchange) ?? (await this.dial(exchange));
    const { url } = exchange.hop;
    const proxy = url.protocol === 'http:' ? this.dialer.proxyFor(url) : undefined;
    const ctx = withClientTrace(context.active(), afterDial(exchange.trace));
    await context.with(ctx, () => connections.send(exchange, proxy));
  }

  close(): void {
    for (const connections of this.kept.values()) {
      connections.close();
    }
  }

  private usable({ hop }: Exchange): Kept | undefined {
    const kept = this.kept.get(hop.url.origin);
    return kept?.hasIdle === true ? kept : undefined;
  }

  private async dial({ hop: { url }, trace, signal }: Exchange): Promise<Kept> {
    const socket = await this.dialer.dial(url, trace, signal);
    const before = this.kept.get(url.origin);
    if (this.speaksHttp2(url, socket)) {
      const session = new Http2Session(url, socket);
      this.kept.set(url.origin, session);
      return session;
    }
    const connections = before instanceof Http1Connections ? before : new Http1Connections();
    connections.adopt(socket);
    this.kept.set(url.origin, connections);
    return connections;
  }

  private speaksHttp2({ protocol }: URL, socket: Socket & { alpnProtocol?: string | false | null }): boolean {
    return protocol === 'https:' ? socket.alpnProtocol === 'h2' : this.http === '2';
  }
}

/** The hooks of a trace from `gotConn` on. The hooks before are called where the dial happens. */
function afterDial(trace: RequestTrace): ClientTrace {
  return {
    gotConn: (info) => trace.gotConn?.(info),
    wroteHeaders: () => trace.wroteHeaders?.(),
    wait100Continue: () => trace.wait100Continue?.(),
    wroteRequest: (info) => trace.wroteRequest?.(info),
    gotFirstResponseByte: () => trace.gotFirstResponseByte?.(),
    got100Continue: () => trace.got100Continue?.(),
    got1xxResponse: (code, header) => trace.got1xxResponse?.(code, header),
    putIdleConn: (err) => trace.putIdleConn?.(err),
  };
}
