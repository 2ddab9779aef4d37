import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { PeerCertificate } from 'node:tls';

/** What `gotConn` knows of the connection that a request was given. Go's `httptrace.GotConnInfo`. */
export interface GotConnInfo {
  /** The socket that the request is written to. Look, do not touch. */
  conn: Socket;
  /** Whether this connection carried a request before. */
  reused: boolean;
  /** Whether it lay in the pool, with no request in flight on it, when this request wanted a connection. */
  wasIdle: boolean;
  /**
   * For how long it lay there, in milliseconds; 0 unless `wasIdle`; NaN if it carried its last request before anybody
   * listened.
   */
  idleTime: number;
}

/** Go's `httptrace.DNSStartInfo`. */
export interface DNSStartInfo {
  /** The name to look up, as it was asked for. */
  host: string;
}

/** Go's `httptrace.DNSDoneInfo`. */
export interface DNSDoneInfo {
  /** The addresses found, in the order in which the resolver gave them; empty when the lookup failed. */
  addrs: { address: string; family: number }[];
  /** Why the lookup failed; absent when it succeeded. */
  err?: Error;
  /** Whether the lookup was shared with another one under way. Node never shares them: always `false`. */
  coalesced: boolean;
}

/** What was agreed on in a TLS handshake, as far as it went. Go's `tls.ConnectionState`. */
export interface TLSConnectionState {
  /** Protocol version as Node names it, such as `TLSv1.3`; empty if the handshake failed before both had agreed. */
  version: string;
  /** Standard (IANA) name of the cipher suite, such as `TLS_AES_128_GCM_SHA256`; empty if none was chosen. */
  cipherSuite: string;
  /** The protocol chosen by ALPN, such as `h2`; empty if none was. */
  negotiatedProtocol: string;
  /** The name sent to the server (SNI); empty if none was, as for an IP address. */
  serverName: string;
  /** Whether an earlier session was resumed. */
  didResume: boolean;
  /** Whether the server's certificate was verified against the trusted authorities. */
  authorized: boolean;
  /** The server's certificate; absent if none was received. */
  peerCertificate?: PeerCertificate;
}

/** Go's `httptrace.WroteRequestInfo`. */
export interface WroteRequestInfo {
  /** Why writing failed; absent when everything was written. */
  err?: Error;
}

/**
 * Hooks that run at each step of an outgoing HTTP request, live, as Go's `net/http/httptrace.ClientTrace`.
 *
 * Any of them may be absent. They run in this order:
 *
 * ```
 * getConn
 * ├─ dnsStart, dnsDone                      a new connection to a name
 * ├─ connectStart, connectDone              a new connection, for each address that is tried
 * └─ tlsHandshakeStart, tlsHandshakeDone    a new connection with TLS
 * gotConn
 * ├─ wroteHeaderField …, wroteHeaders
 * ├─ wait100Continue, got100Continue        with `Expect: 100-continue`
 * └─ wroteRequest                           may come after the response has begun
 * gotFirstResponseByte
 * ├─ got1xxResponse …
 * └─ putIdleConn
 * ```
 *
 * A request that fails stops where it failed. The hooks between `getConn` and `gotConn` belong to the request
 * that made the client dial and run on no other; when that request was given another connection meanwhile,
 * they may come after its `gotConn`, and after its end. Each redirect hop is a request of its own.
 *
 * A hook that throws never reaches the request: what it threw goes to OpenTelemetry's `diag.error`, and so does what
 * an asynchronous one rejects with. Nobody waits for it.
 */
export interface ClientTrace {
  /**
   * A connection is wanted. Called once for each request, before all other hooks, even if an idle connection
   * is there.
   *
   * @param hostPort `host:port` of the target, or of the proxy if the request goes through one that is known
   *   at this moment (`node:http`; undici's proxy agents choose later); IPv6 in brackets.
   */
  getConn?(hostPort: string): void;

  /**
   * The request has its connection. Called once for each time that the request is sent, so again when the
   * client resends it on another connection; never when no connection could be had.
   */
  gotConn?(info: GotConnInfo): void;

  /**
   * The connection goes back to the pool. Called at most once, after the body of the response was received;
   * never for HTTP/2, nor when keep-alive is off, nor when the peer said `Connection: close`.
   *
   * @param err Why it could not be put back; absent when it was.
   */
  putIdleConn?(err?: Error): void;

  /**
   * The first byte of the response is there, also when it is an informational (1xx) one. Called at most once
   * for each time that the request is sent. With `node:http` the closest moment that can be seen: the first
   * head is complete.
   */
  gotFirstResponseByte?(): void;

  /** `100 Continue` arrived. Called at most once; undici never sends `Expect` over HTTP/1.1. */
  got100Continue?(): void;

  /**
   * An informational response arrived. Called for each 1xx before the final response, 100 included, but not
   * for 101, which is final. With undici, 100 is an error of the server and never comes here.
   *
   * @param code 100, 102 to 199.
   * @param header The headers of that response, lower case.
   * @returns An `Error` aborts the request with it.
   */
  got1xxResponse?(code: number, header: IncomingHttpHeaders): Error | undefined | void;

  /** A name lookup begins. Never for an IP literal, a unix socket, or a connection that is there already. */
  dnsStart?(info: DNSStartInfo): void;

  /** A name lookup has ended. Called once for each `dnsStart`, unless the dial was given up meanwhile. */
  dnsDone?(info: DNSDoneInfo): void;

  /**
   * A dial to one address begins. Called several times for one request when addresses are tried in turn;
   * never for a reused connection.
   *
   * @param network `tcp`, or `unix` for a socket path.
   * @param addr `host:port` with the IP address, IPv6 in brackets; the path for a unix socket.
   */
  connectStart?(network: 'tcp' | 'unix', addr: string): void;

  /**
   * A dial to one address has ended. Called once for each `connectStart`, also when the dial failed or was
   * given up for another address; not when the caller gave up the whole request.
   *
   * @param network `tcp`, or `unix` for a socket path.
   * @param addr As given to `connectStart`.
   * @param err Why the dial failed; absent when it succeeded.
   */
  connectDone?(network: 'tcp' | 'unix', addr: string, err?: Error): void;

  /** The TLS handshake begins; through a proxy: after its answer to CONNECT. Never for a reused connection. */
  tlsHandshakeStart?(): void;

  /**
   * The TLS handshake has ended. Called once for each `tlsHandshakeStart`, unless the caller gave up.
   *
   * @param state What was agreed on, as far as it went.
   * @param err Why the handshake failed; absent when it succeeded.
   */
  tlsHandshakeDone?(state: TLSConnectionState, err?: Error): void;

  /**
   * A header field of the request is written. Called for each of them, in the order in which they are sent,
   * before `wroteHeaders`.
   *
   * @param key Lower case.
   * @param value One entry for each line that carries the field.
   */
  wroteHeaderField?(key: string, value: string[]): void;

  /** The headers of the request are written. Called once for each time that the request is sent. */
  wroteHeaders?(): void;

  /** The body is held back until the server says `100 Continue`. Never with undici. */
  wait100Continue?(): void;

  /**
   * The request is written, headers and body, or writing it failed. Called once for each time that the
   * request is sent; may come after `gotFirstResponseByte` when the server answers early.
   */
  wroteRequest?(info: WroteRequestInfo): void;
}

/** The name of a hook. */
export type ClientTraceHook = keyof ClientTrace;
