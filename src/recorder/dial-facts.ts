import type { Socket } from 'node:net';
import { now } from '../clock.js';
import type { DNSDoneInfo, DNSStartInfo, TLSConnectionState } from '../httptrace/client-trace.js';
import { ClientRecord } from './client.js';
import type { ClientFact } from './client-facts.js';

/**
 * A record that tells of each dial when the dial is over, apart from the request. A connection outlives the request that
 * it was dialled for. It may serve another request first, and may be there only after its own request has ended.
 */
export class DialFactsRecord extends ClientRecord {
  private dialFacts: ClientFact[] = [];
  private host = '';

  override dnsStart(info: DNSStartInfo, at = now()): void {
    super.dnsStart(info, at);
    this.host = info.host;
    this.dialFacts.push({ hook: 'dnsStart', at, host: info.host });
  }

  override dnsDone(info: DNSDoneInfo): void {
    super.dnsDone(info);
    this.dialFacts.push({ hook: 'dnsDone', at: now(), host: this.host, info });
  }

  override connectStart(network: 'tcp' | 'unix', addr: string): void {
    super.connectStart(network, addr);
    this.dialFacts.push({ hook: 'connectStart', at: now(), network, addr });
  }

  override connectDone(network: 'tcp' | 'unix', addr: string, err?: Error): void {
    super.connectDone(network, addr, err);
    this.dialFacts.push({ hook: 'connectDone', at: now(), network, addr, err });
  }

  override tlsHandshakeStart(): void {
    super.tlsHandshakeStart();
    this.dialFacts.push({ hook: 'tlsHandshakeStart', at: now() });
  }

  override tlsHandshakeDone(state: TLSConnectionState, err?: Error, curve?: string): void {
    super.tlsHandshakeDone(state, err, curve);
    this.dialFacts.push({ hook: 'tlsHandshakeDone', at: now(), state, curve, err });
  }

  dialDone(socket: Socket, startedAt: number, error?: Error): void {
    const facts = this.dialFacts;
    this.dialFacts = [];
    this.listener.dialDone({ facts, socket, startedAt, endedAt: now(), error });
  }
}
