import type { Socket } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import type {
  ClientTraceHook,
  DNSDoneInfo,
  GotConnInfo,
  TLSConnectionState,
} from '../httptrace/client-trace.js';
import type { ConnEnds } from '../source/connection/ends.js';

/** A hook that tells nothing but its time. */
export type Moment =
  | 'getConn'
  | 'wroteHeaders'
  | 'wait100Continue'
  | 'gotFirstResponseByte'
  | 'got100Continue';

/** One thing that happened, and when on our clock. */
export type ClientFact = { readonly at: number } & (
  | { readonly hook: Moment }
  | { readonly hook: 'gotConn'; readonly info: GotConnInfo; readonly ends: ConnEnds }
  | { readonly hook: 'dnsStart'; readonly host: string }
  | { readonly hook: 'dnsDone'; readonly host: string; readonly info: DNSDoneInfo }
  | { readonly hook: 'connectStart'; readonly network: 'tcp' | 'unix'; readonly addr: string }
  | {
      readonly hook: 'connectDone';
      readonly network: 'tcp' | 'unix';
      readonly addr: string;
      readonly err?: Error;
    }
  | { readonly hook: 'tlsHandshakeStart'; readonly serverName?: string | undefined }
  | {
      readonly hook: 'tlsHandshakeDone';
      readonly state: TLSConnectionState;
      /** The peer's certificate, if somebody asked for it. */
      readonly certificate?: PeerCertificate | undefined;
      readonly curve?: string;
      readonly err?: Error;
    }
  | { readonly hook: 'got1xxResponse'; readonly code: number }
  | { readonly hook: 'wroteRequest'; readonly err?: Error }
);

/** Which hooks leave a fact behind. */
export type NotedHooks = Readonly<Record<ClientTraceHook, boolean>>;

/**
 * What is asked of a record: which facts it keeps, and which costly things it finds out or tells. A record notes the times
 * of the phases and the outcome even if nothing is asked of it.
 */
export interface Asked extends NotedHooks {
  /** How large the bodies are. */
  readonly bodySizes?: boolean;
  /** Something of the peer's certificate. Reading the certificate costs more than the rest of a handshake. */
  readonly certificate?: boolean;
  /** Each header field. A source parses the header only if somebody asks. */
  readonly headerFields?: boolean;
  /** Whether the listener is told when the headers of the request are final. */
  readonly sent?: boolean;
  /** Whether the listener is told when the head of the final response is there. */
  readonly response?: boolean;
}

/** A dial that is over, with what happened in it. */
export interface FinishedDial {
  readonly facts: readonly ClientFact[];
  readonly socket: Socket;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Why the dial brought no connection; `undefined` if it brought one. */
  readonly error: Error | undefined;
}
