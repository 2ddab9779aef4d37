import type { Socket } from 'node:net';
import { enterMoment, leaveMoment, now } from '../../clock.js';
import type { DNSDoneInfo, DNSStartInfo, TLSConnectionState } from '../../httptrace/client-trace.js';
import type { RequestTrace } from '../request-trace.js';

type Tell = (trace: RequestTrace) => void;

/** The dial that failed with an error, which its request will fail with. */
const failed = new WeakMap<object, UntoldDial>();

/**
 * What is known of a dial whose request is not known yet. It is told when that is, each fact with the time at which it
 * happened; from then on as it happens.
 */
export class UntoldDial implements RequestTrace {
  private readonly untold: { readonly at: number; readonly tell: Tell }[] = [];
  private trace: RequestTrace | undefined = undefined;

  static failedWith(error: unknown): UntoldDial | undefined {
    return typeof error === 'object' && error !== null ? failed.get(error) : undefined;
  }

  /** @param since When the request began, which the program may have made after its connection. */
  tellTo(trace: RequestTrace, since: number): void {
    this.trace = trace;
    for (const { at, tell } of this.untold.splice(0)) {
      const before = enterMoment(Math.max(at, since));
      try {
        tell(trace);
      } finally {
        leaveMoment(before);
      }
    }
  }

  dnsStart(info: DNSStartInfo): void {
    this.note((trace) => trace.dnsStart?.(info));
  }

  dnsDone(info: DNSDoneInfo): void {
    this.note((trace) => trace.dnsDone?.(info));
  }

  connectStart(network: 'tcp' | 'unix', addr: string): void {
    this.note((trace) => trace.connectStart?.(network, addr));
  }

  connectDone(network: 'tcp' | 'unix', addr: string, err?: Error): void {
    this.note((trace) => trace.connectDone?.(network, addr, err));
  }

  tlsHandshakeStart(): void {
    this.note((trace) => trace.tlsHandshakeStart?.());
  }

  tlsHandshakeDone(state: TLSConnectionState, err?: Error, curve?: string): void {
    this.note((trace) => trace.tlsHandshakeDone?.(state, err, curve));
  }

  dialDone(socket: Socket, startedAt: number, err?: Error): void {
    if (err !== undefined) {
      failed.set(err, this);
    }
    this.note((trace) => {
      // The socket keeps us: nothing of its first request is to stay on it.
      this.trace = undefined;
      trace.dialDone?.(socket, startedAt, err);
    });
  }

  private note(tell: Tell): void {
    if (this.trace === undefined) {
      this.untold.push({ at: now(), tell });
    } else {
      tell(this.trace);
    }
  }
}
