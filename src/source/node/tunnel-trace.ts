import type { Socket } from 'node:net';
import type { DNSDoneInfo, DNSStartInfo, TLSConnectionState } from '../../httptrace/client-trace.js';
import type { RequestTrace } from '../request-trace.js';

/** Of a CONNECT to a proxy, only the dial is told, and to the request that needs the tunnel. */
export class TunnelTrace implements RequestTrace {
  private readonly request: RequestTrace;

  constructor(request: RequestTrace) {
    this.request = request;
  }

  dnsStart(info: DNSStartInfo, at?: number): void {
    this.request.dnsStart?.(info, at);
  }

  dnsDone(info: DNSDoneInfo): void {
    this.request.dnsDone?.(info);
  }

  connectStart(network: 'tcp' | 'unix', addr: string): void {
    this.request.connectStart?.(network, addr);
  }

  connectDone(network: 'tcp' | 'unix', addr: string, err?: Error): void {
    this.request.connectDone?.(network, addr, err);
  }

  tlsHandshakeStart(): void {
    this.request.tlsHandshakeStart?.();
  }

  tlsHandshakeDone(state: TLSConnectionState, err?: Error): void {
    this.request.tlsHandshakeDone?.(state, err);
  }

  dialDone(socket: Socket, startedAt: number, err?: Error): void {
    this.request.dialDone?.(socket, startedAt, err);
  }
}
