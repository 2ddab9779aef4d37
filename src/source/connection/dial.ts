import { errorMonitor } from 'node:events';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { hostPort } from '../../authority.js';
import { now } from '../../clock.js';
import type { DNSDoneInfo, TLSConnectionState } from '../../httptrace/client-trace.js';
import { QuietListeners } from '../../patch/quiet-listeners.js';
import type { RequestTrace } from '../request-trace.js';
import { noteUnixPath } from './ends.js';
import { addCertificateOf, isTls, keyExchangeCurve, tlsState, tlsStateOfFailed } from './tls-state.js';

/** An address whose dial has begun already, as `connectionAttempt` tells it: for a unix socket the path alone. */
export type AttemptBegun = [address: string, port?: number];

/** One address that is dialled. */
interface Attempt {
  readonly network: 'tcp' | 'unix';
  readonly addr: string;
  isTold: boolean;
}

/**
 * Tells the name lookup, the dials and the TLS handshake of one socket that is being connected, as they happen.
 *
 * Its listeners only look: they start no flow, and an `error` stays unhandled if nobody else handles it. They
 * leave the socket as soon as it is connected or closed.
 */
export class Dial {
  private readonly socket: Socket;
  private readonly trace: RequestTrace;
  private readonly startedAt = now();
  private readonly listeners: QuietListeners;
  private lookup: 'none' | 'running' | 'done' = 'none';
  private readonly addrs: DNSDoneInfo['addrs'] = [];
  private attempt: Attempt | undefined;
  private attempted = false;
  private handshake: 'none' | 'running' | 'done' = 'none';
  private tls: TLSConnectionState | undefined;
  private curve: string | undefined;

  /**
   * @param socket A socket on which `connect` was just called, or is about to be.
   * @param trace Whose dial it is.
   */
  constructor(socket: Socket, trace: RequestTrace) {
    this.socket = socket;
    this.trace = trace;
    this.listeners = new QuietListeners(socket);
    this.on('lookup', this.onLookup);
    this.on('connectionAttempt', this.onAttempt);
    this.on('connectionAttemptFailed', this.onAttemptFailed);
    this.on('connectionAttemptTimeout', this.onAttemptTimeout);
    this.on('connect', this.onConnect);
    if (isTls(socket)) {
      // Node tears the connection down in its own listener when the certificate is bad: read the state before.
      this.on('secure', this.onSecure, 'prependListener');
      this.on('secureConnect', this.onSecureConnect);
    }
    this.on(errorMonitor, this.onError);
    this.on('close', this.release);
  }

  /**
   * Watches a socket that dials. Whether it looks up a name is known only when `connect` has returned.
   *
   * @param attempt What has begun already.
   */
  static watch(socket: Socket, trace: RequestTrace, attempt?: AttemptBegun): Dial {
    const dial = new Dial(socket, trace);
    if (attempt !== undefined) {
      dial.onAttempt(...attempt);
    }
    process.nextTick(() => dial.startLookup());
    return dial;
  }

  /** Watches a socket that dials since some time: what began before is not told. */
  static join(socket: Socket, trace: RequestTrace): void {
    new Dial(socket, trace).lookup = 'done';
  }

  /** Watches a TLS socket laid over a connection that is there already, such as a proxy's tunnel. */
  static watchHandshake(socket: TLSSocket, trace: RequestTrace): void {
    new Dial(socket, trace).onConnect();
  }

  private on(
    event: string | symbol,
    method: (...args: never[]) => void,
    add: 'on' | 'prependListener' = 'on',
  ): void {
    this.listeners.on(event, method.bind(this), add);
  }

  private release(): void {
    this.listeners.removeAll();
  }

  private startLookup(): void {
    const host = nameOf(this.socket);
    if (this.lookup === 'none' && host !== undefined && !this.attempted && !this.listeners.isEmpty) {
      this.lookup = 'running';
      this.trace.dnsStart?.({ host }, this.startedAt);
    }
  }

  private endLookup(err?: Error): void {
    if (this.lookup === 'running') {
      this.lookup = 'done';
      const info: DNSDoneInfo = { addrs: this.addrs, coalesced: false };
      this.trace.dnsDone?.(err === undefined ? info : { ...info, err });
    }
  }

  /** Emitted once for each address found, all of them before the first attempt; or once with the error. */
  private onLookup(err: Error | null, address: string | undefined, family: number | undefined): void {
    this.startLookup();
    if (err) {
      this.endLookup(err);
    } else if (address !== undefined) {
      this.addrs.push({ address, family: family === 6 ? 6 : 4 });
    }
  }

  private onAttempt(...[address, port]: AttemptBegun): void {
    this.attempted = true;
    this.attempt =
      port === undefined
        ? { network: 'unix', addr: address, isTold: false }
        : { network: 'tcp', addr: hostPort(address, port), isTold: false };
    if (port === undefined) {
      noteUnixPath(this.socket, address);
    }
    if (this.lookup === 'none') {
      this.startAttempt();
    } else {
      // The request has its socket by now: were it destroyed by a hook, Node would throw right after this event.
      process.nextTick(() => this.startAttempt());
    }
  }

  private startAttempt(): void {
    const { attempt } = this;
    if (attempt !== undefined && !attempt.isTold) {
      attempt.isTold = true;
      this.endLookup();
      this.trace.connectStart?.(attempt.network, attempt.addr);
    }
  }

  private endAttempt(err?: Error): void {
    this.startAttempt();
    const { attempt } = this;
    if (attempt !== undefined) {
      this.attempt = undefined;
      this.trace.connectDone?.(attempt.network, attempt.addr, err);
    }
  }

  private onAttemptFailed(_address: string, _port: number, _family: number, err: Error): void {
    this.endAttempt(err);
  }

  private onAttemptTimeout(address: string, port: number): void {
    this.endAttempt(attemptTimeout(hostPort(address, port)));
  }

  private onConnect(): void {
    this.endAttempt();
    if (isTls(this.socket)) {
      this.handshake = 'running';
      this.trace.tlsHandshakeStart?.();
    } else {
      this.end();
    }
  }

  private onSecure(): void {
    if (isTls(this.socket)) {
      this.tls = tlsState(this.socket);
      this.curve = keyExchangeCurve(this.socket);
    }
  }

  private onSecureConnect(): void {
    if (this.tls !== undefined && isTls(this.socket)) {
      // Only now it is known whether the peer is the one that it says it is.
      this.tls.authorized = this.socket.authorized;
    }
    this.endHandshake();
    this.end();
  }

  private endHandshake(err?: Error): void {
    if (this.handshake === 'running' && isTls(this.socket)) {
      this.handshake = 'done';
      const state = this.tls ?? tlsStateOfFailed(this.socket);
      if (err !== undefined) {
        addCertificateOf(state, err);
      }
      this.trace.tlsHandshakeDone?.(state, err, this.curve);
    }
  }

  private onError(err: Error): void {
    // A phase that the caller cut short did not end: it stays open.
    if (err.name !== 'AbortError') {
      this.startAttempt();
      this.endLookup(err);
      this.endAttempt(err);
      this.endHandshake(err);
      this.end(err);
    }
    this.release();
  }

  private end(err?: Error): void {
    this.trace.dialDone?.(this.socket, this.startedAt, err);
    this.release();
  }
}

/** The name that Node looks up for this socket; it has none for an address, nor for the path of a unix socket. */
function nameOf(socket: Socket & { _host?: unknown }): string | undefined {
  return typeof socket._host === 'string' ? socket._host : undefined;
}

function attemptTimeout(addr: string): Error {
  return Object.assign(new Error(`connect ETIMEDOUT ${addr}`), { code: 'ETIMEDOUT', syscall: 'connect' });
}
