import type { Context } from '@opentelemetry/api';
import { now } from '../clock.js';
import type {
  DNSDoneInfo,
  DNSStartInfo,
  GotConnInfo,
  TLSConnectionState,
  WroteRequestInfo,
} from '../httptrace/client-trace.js';
import { type ConnEnds, endsOf } from '../source/connection/ends.js';
import type { RequestTrace, ResponseHead } from '../source/request-trace.js';
import type { Asked, ClientFact, FinishedDial, Moment } from './client-facts.js';
import { DialRecord } from './dial.js';

/** How a request ended. */
export type ClientOutcome = { readonly kind: 'ended' } | { readonly kind: 'failed'; readonly error: unknown };

const ENDED: ClientOutcome = { kind: 'ended' };

/** More informational responses would push the phases off a span, which holds 128 events by default. */
const MOST_INFORMATIONAL = 16;

/** Who is told of one record while it grows. */
export interface ClientRecordListener {
  /** The client made its own request. Only told if the record began before that. */
  requestMade(record: ClientRecord): void;
  /** The headers of the request are final. Told for each attempt, and only if `sent` is asked. */
  requestSent(record: ClientRecord): void;
  /** A field of the request's header is written. Only told if `headerFields` is asked. */
  headerWritten(name: string, values: string[]): void;
  /** A name lookup is over; `err` says why it failed. */
  nameResolved(record: ClientRecord, host: string, durationMs: number, err: Error | undefined): void;
  /** A dial for the request is over, perhaps after the request. Only told by a `DialFactsRecord`. */
  dialDone(dial: FinishedDial): void;
  /** The head of the final response is there. Only told if `response` is asked. */
  responseArrived(response: ResponseHead): void;
  /** The record is complete. Called once. */
  finished(record: ClientRecord): void;
}

/** The facts of one outgoing request: what happened, and when. What becomes of the facts is the listener's. */
export class ClientRecord implements RequestTrace {
  /** The context in which the hooks run. */
  readonly context: Context;
  /** The facts in the order in which they happened. */
  readonly facts: ClientFact[] = [];
  readonly wantedAt: number;
  gotConnAt = Number.NaN;
  wroteRequestAt = Number.NaN;
  /** When the final response began. Informational responses do not count. */
  responseAt = Number.NaN;
  /** When the latest part of the response arrived, or its end. */
  receivedAt = Number.NaN;
  endedAt = Number.NaN;
  /** The connection of the latest attempt. */
  conn: GotConnInfo | undefined = undefined;
  /** Where that connection leads. */
  ends: ConnEnds | undefined = undefined;
  /** The latest dial for the request. */
  dial: DialRecord | undefined = undefined;
  writeError: Error | undefined = undefined;
  /** The head of the final response. */
  response: ResponseHead | undefined = undefined;
  requestBodyBytes = 0;
  responseBodyBytes = 0;
  outcome: ClientOutcome | undefined = undefined;
  readonly wroteHeaderField: ((name: string, values: string[]) => void) | undefined;
  private informational = 0;
  private handshake: { serverName: string | undefined } | undefined = undefined;
  private readonly asked: Asked;
  protected readonly listener: ClientRecordListener;

  constructor(context: Context, wantedAt: number, asked: Asked, listener: ClientRecordListener) {
    this.context = context;
    this.wantedAt = wantedAt;
    this.asked = asked;
    this.listener = listener;
    this.wroteHeaderField = asked.headerFields
      ? (name, values) => listener.headerWritten(name, values)
      : undefined;
  }

  get countsBodies(): boolean {
    return this.asked.bodySizes === true;
  }

  private get over(): boolean {
    return this.outcome !== undefined;
  }

  /** Whether the request reached a connection. Some clients do not say which one, so later facts count as well. */
  get wasSent(): boolean {
    return !(
      Number.isNaN(this.gotConnAt) &&
      Number.isNaN(this.wroteRequestAt) &&
      Number.isNaN(this.responseAt)
    );
  }

  getConn(): void {
    if (this.asked.getConn) {
      this.facts.push({ hook: 'getConn', at: this.wantedAt });
    }
  }

  made(): void {
    this.listener.requestMade(this);
  }

  dnsStart({ host }: DNSStartInfo, at = now()): void {
    if (!this.over) {
      this.dialAnew().dnsStart(host, at);
      if (this.asked.dnsStart) {
        this.facts.push({ hook: 'dnsStart', at, host });
      }
    }
  }

  dnsDone(info: DNSDoneInfo): void {
    if (!this.over && this.dial !== undefined) {
      const at = now();
      this.dial.dnsDone(at, info.err);
      this.listener.nameResolved(this, this.dial.host, at - this.dial.dns.start, info.err);
      if (this.asked.dnsDone) {
        this.facts.push({ hook: 'dnsDone', at, host: this.dial.host, info });
      }
    }
  }

  connectStart(network: 'tcp' | 'unix', addr: string): void {
    if (!this.over) {
      const at = now();
      const dial = this.dial === undefined || this.dial.isDone ? this.dialAnew() : this.dial;
      dial.connectStart(at);
      if (this.asked.connectStart) {
        this.facts.push({ hook: 'connectStart', at, network, addr });
      }
    }
  }

  connectDone(network: 'tcp' | 'unix', addr: string, err?: Error): void {
    if (!this.over && this.dial !== undefined) {
      const at = now();
      this.dial.connectDone(at, err);
      if (this.asked.connectDone) {
        this.facts.push({ hook: 'connectDone', at, network, addr, err });
      }
    }
  }

  tlsHandshakeStart(): void {
    if (!this.over) {
      const at = now();
      // A tunnel through a pooled connection to a proxy has a handshake and no dial.
      this.dial ??= new DialRecord();
      this.dial.tlsHandshakeStart(at);
      if (this.asked.tlsHandshakeStart) {
        const fact = { hook: 'tlsHandshakeStart' as const, at, serverName: undefined };
        this.handshake = fact;
        this.facts.push(fact);
      }
    }
  }

  tlsHandshakeDone(state: TLSConnectionState, err?: Error, curve?: string): void {
    if (!this.over && this.dial !== undefined) {
      const at = now();
      this.dial.tlsHandshakeDone(at, err);
      this.noteServerName(state);
      if (this.asked.tlsHandshakeDone) {
        // The connection may be closed by the time that the span is made.
        const certificate = this.asked.certificate ? state.peerCertificate : undefined;
        this.facts.push({ hook: 'tlsHandshakeDone', at, state, certificate, curve, err });
      }
    }
  }

  /** The name that was sent is known only if the handshake got as far as choosing a version. */
  private noteServerName({ version, serverName }: TLSConnectionState): void {
    if (this.handshake !== undefined && version !== '') {
      this.handshake.serverName = serverName;
    }
  }

  gotConn(info: GotConnInfo, ends = endsOf(info.conn)): void {
    const at = now();
    if (this.conn !== undefined) {
      this.forgetAttempt();
      if (info.reused) {
        this.dial = undefined;
      }
    }
    this.gotConnAt = at;
    this.conn = info;
    this.ends = ends;
    if (this.asked.gotConn) {
      this.facts.push({ hook: 'gotConn', at, info, ends });
    }
  }

  /** A request that is sent again begins another attempt. Durations and sizes are those of the latest attempt. */
  private forgetAttempt(): void {
    this.gotConnAt = Number.NaN;
    this.wroteRequestAt = Number.NaN;
    this.responseAt = Number.NaN;
    this.conn = undefined;
    this.ends = undefined;
    this.writeError = undefined;
    this.requestBodyBytes = 0;
    this.responseBodyBytes = 0;
  }

  private dialAnew(): DialRecord {
    if (this.conn !== undefined) {
      this.forgetAttempt();
    }
    this.dial = new DialRecord();
    return this.dial;
  }

  wroteHeaders(at = this.gotConnAt): void {
    if (this.asked.wroteHeaders) {
      this.facts.push({ hook: 'wroteHeaders', at });
    }
    if (this.asked.sent) {
      this.listener.requestSent(this);
    }
  }

  wait100Continue(): void {
    this.note('wait100Continue', now());
  }

  wroteBodyChunk(bytes: number): void {
    this.requestBodyBytes += bytes;
  }

  wroteRequest({ err }: WroteRequestInfo): void {
    const at = now();
    this.wroteRequestAt = at;
    this.writeError = err;
    if (this.asked.wroteRequest) {
      this.facts.push({ hook: 'wroteRequest', at, err });
    }
  }

  gotFirstResponseByte(): void {
    const at = now();
    this.responseAt = at;
    this.receivedAt = at;
    if (this.asked.gotFirstResponseByte) {
      this.facts.push({ hook: 'gotFirstResponseByte', at });
    }
  }

  got100Continue(): void {
    this.responseAt = Number.NaN;
    this.note('got100Continue', now());
  }

  got1xxResponse(code: number): undefined {
    this.responseAt = Number.NaN;
    if (this.asked.got1xxResponse && this.informational < MOST_INFORMATIONAL) {
      this.informational++;
      this.facts.push({ hook: 'got1xxResponse', at: now(), code });
    }
  }

  gotResponse(response: ResponseHead): void {
    const at = now();
    this.receivedAt = at;
    if (Number.isNaN(this.responseAt)) {
      this.responseAt = at;
    }
    this.response = response;
    if (this.asked.response) {
      this.listener.responseArrived(response);
    }
  }

  gotBodyChunk(bytes: number): void {
    this.receivedAt = now();
    this.responseBodyBytes += bytes;
  }

  ended(): void {
    const at = now();
    this.receivedAt = at;
    this.finish(ENDED, at);
  }

  failed(error: unknown): void {
    this.finish({ kind: 'failed', error }, now());
  }

  private finish(outcome: ClientOutcome, at: number): void {
    if (this.outcome === undefined) {
      this.outcome = outcome;
      this.endedAt = at;
      this.listener.finished(this);
    }
  }

  private note(hook: Moment, at: number): void {
    if (this.asked[hook]) {
      this.facts.push({ hook, at });
    }
  }
}
