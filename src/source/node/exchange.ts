import type { IncomingMessage, RequestOptions } from 'node:http';
import { defaultPort } from '../../authority.js';
import { now } from '../../clock.js';
import { type Origin, originFor } from '../../origin.js';
import { Itself } from '../../patch/hidden-field.js';
import type { Connection } from '../connection/connection.js';
import { headerFields } from '../header-fields.js';
import type { Lifecycle } from '../lifecycle.js';
import type { RequestTrace } from '../request-trace.js';
import { expectsContinue, type NodeClientRequest, type NodeHttpRequest } from './request.js';

/**
 * Hangs the exchange on a request that was made since we look, and on its final response. It is written out where
 * `hiddenField` would do: it is asked at each step, and V8 learns for each function of the source, not for each copy.
 */
export class Followed extends Itself {
  readonly #exchange: NodeExchange;

  constructor(message: object, exchange: NodeExchange) {
    super(message);
    this.#exchange = exchange;
  }

  static by(message: unknown): NodeExchange | undefined {
    return typeof message === 'object' && message !== null && #exchange in message
      ? message.#exchange
      : undefined;
  }
}

/** Stands for a request that waits for its connection, for whatever may be kept longer than the request waits. */
export class Want {
  exchange: NodeExchange | undefined;
  /** Told, once, that the request waits no longer. */
  follower: { wantEnded(): void } | undefined = undefined;

  constructor(exchange: NodeExchange | undefined) {
    this.exchange = exchange;
  }

  end(): void {
    this.exchange = undefined;
    this.follower?.wantEnded();
    this.follower = undefined;
  }
}

/** One request of `node:http` or `node:https`. Tells its trace each fact once, and in Go's order. */
export class NodeExchange implements NodeHttpRequest {
  readonly request: NodeClientRequest;
  readonly options: RequestOptions | undefined;
  readonly host: string;
  readonly port: number | string;
  readonly origin: Origin;
  readonly wantedAt = now();
  /** Who wants to know; nobody for a request that is not traced, whose connection still counts. */
  trace: RequestTrace | undefined = undefined;
  /** Told when it ends. */
  lifecycle: Lifecycle | undefined = undefined;
  /** The request that needs the tunnel, if this is the CONNECT that a proxy is sent to get one. */
  tunnelFor: NodeExchange | undefined = undefined;
  /** Whether its agent gave it an idle connection as soon as it asked. */
  tookIdle = false;
  /** Whether the request's `timeout` event came, and nothing has come since. */
  idle = false;
  destroyedByCaller = false;
  /** Whether the program makes its connection, and has not yet. */
  awaitsSocket = false;
  /** Whether a hook refused it: what arrives nevertheless is dropped. */
  refused = false;
  /** How much of its body the program has given. Counted only if somebody wants to know. */
  bodyBytes = 0;
  connected = false;
  wroteHeaders = false;
  /** Whether it is over, whichever way. */
  settled = false;
  /** Whether its response is complete. */
  ended = false;
  /** Whether Node says that it is written, which may be before its connection is known to be there. */
  private written = false;
  private wroteRequest = false;
  private responded = false;
  private wanted: Want | undefined = undefined;

  constructor(request: NodeClientRequest, options: RequestOptions | undefined) {
    const { protocol, host } = request;
    this.request = request;
    this.options = options;
    this.host = host;
    this.port = options?.port ?? portIn(request) ?? defaultPort(protocol) ?? '';
    this.origin = originFor(protocol, host, this.port);
    new Followed(request, this);
  }

  /** Whether a connection is still to be had for it. */
  get waits(): boolean {
    return !this.connected && !this.settled;
  }

  get want(): Want {
    this.wanted ??= new Want(this.waits ? this : undefined);
    return this.wanted;
  }

  get timedOut(): boolean {
    return this.idle && this.destroyedByCaller;
  }

  gotConn(connection: Connection): void {
    this.connected = true;
    const info = connection.take(this.wantedAt);
    this.wanted?.end();
    this.trace?.gotConn?.(info, connection.ends);
    if (this.request._headerSent) {
      this.sentHeaders();
    }
    if (this.written) {
      this.finish();
    }
  }

  /** @param at When, if that is later than its connection was there. */
  sentHeaders(at?: number): void {
    const { trace, request } = this;
    if (this.wroteHeaders || !this.connected || trace === undefined) {
      return;
    }
    this.wroteHeaders = true;
    if (trace.wroteHeaderField !== undefined) {
      for (const [name, values] of headerFields(request._header ?? '')) {
        trace.wroteHeaderField(name, values);
      }
    }
    trace.wroteHeaders?.(at);
    if (!request.writableEnded && expectsContinue(request)) {
      trace.wait100Continue?.();
    }
  }

  /** Node says that all of it was handed to the operating system; before Node 24 also if its connection is broken. */
  finish(): void {
    const { socket } = this.request;
    if (socket?.destroyed || socket?.errored) {
      return;
    }
    this.written = true;
    if (this.connected && !this.wroteRequest) {
      this.sentHeaders(now());
      this.wroteRequest = true;
      if (this.bodyBytes > 0) {
        this.trace?.wroteBodyChunk?.(this.bodyBytes);
      }
      this.trace?.wroteRequest?.({});
    }
  }

  /** The head of a response is there: of an informational one, or of the final one. */
  respond(): void {
    this.idle = false;
    if (!this.responded) {
      this.responded = true;
      this.sentHeaders(now());
      this.trace?.gotFirstResponseByte?.();
    }
  }

  gotResponse(response: IncomingMessage): void {
    this.respond();
    this.trace?.gotResponse?.({ statusCode: response.statusCode ?? 0, headers: response });
  }

  end(): void {
    if (!this.settled) {
      this.ended = true;
      this.settle();
      this.trace?.ended?.();
    }
  }

  fail(error: unknown): void {
    if (!this.settled) {
      this.settle();
      if (this.wroteHeaders && !this.wroteRequest && error instanceof Error) {
        this.trace?.wroteRequest?.({ err: error });
      }
      this.trace?.failed?.(error);
    }
  }

  private settle(): void {
    this.settled = true;
    this.wanted?.end();
    this.lifecycle?.requestEnded();
  }
}

/** Node keeps the port nowhere but in the `Host` header, and there only if it is not the default one. */
function portIn(request: NodeClientRequest): string | undefined {
  const authority = request.getHeader('host');
  return typeof authority === 'string' ? /:(\d+)$/.exec(authority)?.[1] : undefined;
}
