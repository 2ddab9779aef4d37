import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { PeerCertificate } from 'node:tls';

/** What `gotConn` says of the connection that a request was given. Go's `httptrace.GotConnInfo`. */
export interface GotConnInfo {
  /** The socket that the request is written to. To be looked at, not to be changed. */
  conn: Socket;
  /** Whether this connection carried a request before. */
  reused: boolean;
  /** Whether the connection was idle in the pool when this request wanted one. */
  wasIdle: boolean;
  /**
   * For how long the connection was idle, in milliseconds. 0 unless `wasIdle`; `NaN` if its last request ended before
   * anybody listened.
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
  /** Whether the lookup was shared with another one under way. Always `false`, because Node shares none. */
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
  /** The name sent to the server (SNI); empty if none was sent, as for an IP address. */
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
 * Hooks that run at each step of an outgoing HTTP request, when it happens. Go's `httptrace.ClientTrace`.
 *
 * Any hook may be absent. The hooks run in this order:
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
 * A request that fails runs no further hooks. The hooks between `getConn` and `gotConn` run only for the request that made
 * the client dial. If that request is given another connection first, they may come after its `gotConn`, and even after its
 * end. Each redirect hop is a request of its own.
 *
 * An error that a hook throws never reaches the request. It goes to OpenTelemetry's `diag.error`. The rejection of an
 * asynchronous hook goes there as well, but nobody waits for it.
 */
export interface ClientTrace {
  /**
   * A connection is wanted. Called once for each request, before all other hooks, even if an idle connection
   * is there.
   *
   * @param hostPort `host:port` of the target, with IPv6 in brackets. With `node:http` and a proxy, that of the proxy.
   *   undici's proxy agents choose later, so theirs is the target's.
   */
  getConn?(hostPort: string): void;

  /**
   * The request has its connection. Called once for each attempt, so again when the client resends the request on another
   * connection. Never called if no connection could be had.
   */
  gotConn?(info: GotConnInfo): void;

  /**
   * The connection goes back to the pool. Called at most once, after the body of the response was received. Never called
   * for HTTP/2, with keep-alive off, or after the peer said `Connection: close`.
   *
   * @param err Why the connection could not be put back; absent when it was.
   */
  putIdleConn?(err?: Error): void;

  /**
   * The first byte of the response is there, even if the response is informational (1xx). Called at most once for each
   * attempt. With `node:http` the closest moment that can be seen is when the first head is complete.
   */
  gotFirstResponseByte?(): void;

  /** `100 Continue` arrived. Called at most once. undici never sends `Expect` over HTTP/1.1. */
  got100Continue?(): void;

  /**
   * An informational response arrived. Called for each 1xx before the final response, 100 included. Not called for 101,
   * which is final. With undici, 100 is an error of the server and never comes here.
   *
   * @param code 100, 102 to 199.
   * @param header The headers of the informational response, by lower-case name.
   * @returns An `Error` to abort the request with; nothing lets it go on.
   */
  got1xxResponse?(code: number, header: IncomingHttpHeaders): Error | undefined | void;

  /** A name lookup begins. Never called for an IP literal, a unix socket or a reused connection. */
  dnsStart?(info: DNSStartInfo): void;

  /** A name lookup has ended. Called once for each `dnsStart`, unless the dial was given up during the lookup. */
  dnsDone?(info: DNSDoneInfo): void;

  /**
   * A dial to one address begins. Called several times for one request when addresses are tried in turn. Never called for a
   * reused connection.
   *
   * @param network `tcp`, or `unix` for a socket path.
   * @param addr `host:port` with the IP address as host, IPv6 in brackets; the path for a unix socket.
   */
  connectStart?(network: 'tcp' | 'unix', addr: string): void;

  /**
   * A dial to one address has ended. Called once for each `connectStart`, also when the dial failed or was given up for
   * another address. Not called when the caller gave up the whole request.
   *
   * @param network `tcp`, or `unix` for a socket path.
   * @param addr As given to `connectStart`.
   * @param err Why the dial failed; absent when it succeeded.
   */
  connectDone?(network: 'tcp' | 'unix', addr: string, err?: Error): void;

  /**
   * The TLS handshake begins. Through a proxy, it begins after the answer to CONNECT. Never called for a reused connection.
   */
  tlsHandshakeStart?(): void;

  /**
   * The TLS handshake has ended. Called once for each `tlsHandshakeStart`, unless the caller gave up.
   *
   * @param state What was agreed on, as far as it went.
   * @param err Why the handshake failed; absent when it succeeded.
   */
  tlsHandshakeDone?(state: TLSConnectionState, err?: Error): void;

  /**
   * A header field of the request is written. Called for each field in the order in which they are sent, before
   * `wroteHeaders`.
   *
   * @param key Lower case.
   * @param value One entry for each line that carries the field.
   */
  wroteHeaderField?(key: string, value: string[]): void;

  /** The headers of the request are written. Called once for each attempt. */
  wroteHeaders?(): void;

  /** The body is held back until the server says `100 Continue`. Never called with undici. */
  wait100Continue?(): void;

  /**
   * The request is written, headers and body, or writing it failed. Called once for each attempt. May come after
   * `gotFirstResponseByte` when the server answers early.
   */
  wroteRequest?(info: WroteRequestInfo): void;
}

/** The name of a hook. */
export type ClientTraceHook = keyof ClientTrace;
