import type { IncomingMessage, RequestOptions } from 'node:http';
import { defaultPort } from '../../authority.js';
import { now } from '../../clock.js';
import type { GotConnInfo } from '../../httptrace/client-trace.js';
import { authorityFor, type Origin, originAt } from '../../origin.js';
import { type HiddenField, hiddenField } from '../../patch/hidden-field.js';
import { headerFields } from '../header-fields.js';
import type { Lifecycle } from '../lifecycle.js';
import type { RequestTrace } from '../request-trace.js';
import { expectsContinue, type NodeClientRequest, type NodeHttpRequest } from './request.js';

/** The exchange of each request that was made since we look, and of its final response. */
export const exchanges: HiddenField<NodeExchange> = hiddenField<NodeExchange>();

/** Stands for a request that waits for its connection, where it is kept longer than it waits. */
export interface Want {
  exchange: NodeExchange | undefined;
}

/** One request of `node:http` or `node:https`. Tells its trace each fact once, and in Go's order. */
export class NodeExchange implements NodeHttpRequest {
  readonly request: NodeClientRequest;
  readonly options: RequestOptions | undefined;
  readonly wantedAt = now();
  /** Who wants to know; nobody for a request that is not traced, whose connection still counts. */
  trace: RequestTrace | undefined = undefined;
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
  /** Of the request's body, as far as the program gave it; only if somebody wants to know. */
  bodyBytes = 0;
  private knownOrigin: Origin | undefined = undefined;
  private wanted: Want | undefined = undefined;
  private lifecycle: Lifecycle | undefined = undefined;
  connected = false;
  private wroteHeaders = false;
  /** Node may say so before it is known that the connection is there. */
  private written = false;
  private wroteRequest = false;
  private responded = false;
  private outcome: 'ended' | 'failed' | undefined = undefined;

  constructor(request: NodeClientRequest, options: RequestOptions | undefined) {
    this.request = request;
    this.options = options;
    exchanges.set(request, this);
  }

  get host(): string {
    return this.request.host;
  }

  get port(): number | string {
    return this.options?.port ?? portIn(this.request) ?? defaultPort(this.request.protocol) ?? '';
  }

  get origin(): Origin {
    if (this.knownOrigin === undefined) {
      const { protocol, host } = this.request;
      this.knownOrigin = originAt(protocol, authorityFor(protocol, host, this.port));
    }
    return this.knownOrigin;
  }

  get settled(): boolean {
    return this.outcome !== undefined;
  }

  get ended(): boolean {
    return this.outcome === 'ended';
  }

  /** Whether a connection is still to be had for it. */
  get waits(): boolean {
    return !this.connected && !this.settled;
  }

  get want(): Want {
    this.wanted ??= { exchange: this.waits ? this : undefined };
    return this.wanted;
  }

  private waitsNoMore(): void {
    if (this.wanted !== undefined) {
      this.wanted.exchange = undefined;
    }
  }

  /** @param trace Who wants to know; nobody for a request whose connection alone counts. */
  begin(trace: RequestTrace | undefined, lifecycle: Lifecycle): void {
    this.trace = trace;
    this.lifecycle = lifecycle;
    lifecycle.requestBegan();
  }

  get timedOut(): boolean {
    return this.idle && this.destroyedByCaller;
  }

  gotConn(info: GotConnInfo): void {
    this.connected = true;
    this.waitsNoMore();
    this.trace?.gotConn?.(info);
    if (this.request._headerSent) {
      this.sentHeaders();
    }
    if (this.written) {
      this.finish();
    }
  }

  /** Whether what is sent now is its head, as far as we know. */
  get sendsHead(): boolean {
    return !this.wroteHeaders && this.connected && this.trace !== undefined && this.request._header !== null;
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

  /** All of it was handed to the operating system. */
  finish(): void {
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

  /** The head of a response is there, whichever. */
  respond(): void {
    this.idle = false;
    if (!this.responded) {
      this.responded = true;
      this.sentHeaders(now());
      this.trace?.gotFirstResponseByte?.();
    }
  }

  gotBodyChunk(bytes: number): void {
    this.idle = false;
    this.trace?.gotBodyChunk?.(bytes);
  }

  gotResponse(response: IncomingMessage): void {
    this.respond();
    this.trace?.gotResponse?.({ statusCode: response.statusCode ?? 0, headers: response });
  }

  end(): void {
    if (this.settle('ended')) {
      this.trace?.ended?.();
    }
  }

  fail(error: unknown): void {
    if (this.settle('failed')) {
      if (this.wroteHeaders && !this.wroteRequest && error instanceof Error) {
        this.trace?.wroteRequest?.({ err: error });
      }
      this.trace?.failed?.(error);
    }
  }

  private settle(outcome: 'ended' | 'failed'): boolean {
    if (this.settled) {
      return false;
    }
    this.outcome = outcome;
    this.waitsNoMore();
    this.lifecycle?.requestEnded();
    return true;
  }
}

/** Node keeps the port nowhere but in the `Host` header, and there only if it is not the default one. */
function portIn(request: NodeClientRequest): string | undefined {
  const authority = request.getHeader('host');
  return typeof authority === 'string' ? /:(\d+)$/.exec(authority)?.[1] : undefined;
}
