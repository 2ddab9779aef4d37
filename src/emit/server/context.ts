import { EventEmitter } from 'node:events';
import { type Context, createContextKey, type Span } from '@opentelemetry/api';
import { context, propagation, ROOT_CONTEXT, trace } from '../../api.js';
import { SpanOnContext } from '../span-on-context.js';

/** The keys of `@opentelemetry/core`, made from their published descriptions: it is no dependency. */
const RPC_METADATA = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** What the instrumentations of frameworks look for in the context, to set the route when they know it. */
export interface RpcMetadata {
  readonly type: 'http';
  readonly span: Span;
  route?: string | undefined;
}

/** Metadata of ours. When a request arrives, it belongs to another one, in which the server was started. */
class OwnRpcMetadata implements RpcMetadata {
  readonly type = 'http';
  readonly span: Span;
  route: string | undefined = undefined;

  constructor(span: Span) {
    this.span = span;
  }
}

/**
 * @param active The context around the listeners. If another instrumentation put metadata of this request in it,
 * it gets the route from us: frameworks find only the innermost one.
 */
export function rpcMetadata(span: Span, active: Context): RpcMetadata {
  const own = new OwnRpcMetadata(span);
  if (active !== ROOT_CONTEXT) {
    const outer = activeRpcMetadata(active);
    if (outer !== undefined && !(outer instanceof OwnRpcMetadata)) {
      forwardRoute(own, outer);
    }
  }
  return own;
}

export function activeRpcMetadata(active: Context): RpcMetadata | undefined {
  const metadata = active.getValue(RPC_METADATA);
  return isRpcMetadata(metadata) ? metadata : undefined;
}

function isRpcMetadata(value: unknown): value is RpcMetadata {
  return typeof value === 'object' && value !== null && Reflect.get(value, 'type') === 'http';
}

function forwardRoute(own: RpcMetadata, outer: RpcMetadata): void {
  Object.defineProperty(own, 'route', {
    configurable: true,
    enumerable: true,
    get: () => outer.route,
    set(route: string | undefined) {
      outer.route = route;
    },
  });
}

const ASK = Symbol('httptrace.ask');

/**
 * The route that frameworks gave to another instrumentation. Its patch lies below ours, and it has bound the
 * listeners of the response to its own context: frameworks found its metadata there, and not ours.
 */
export function boundRoute(response: object): string | undefined {
  // A bound emitter has methods of its own to add listeners by. The first question leaves out most responses,
  // with much less work than the last.
  const { on }: { readonly on?: unknown } = response;
  if (
    on === EventEmitter.prototype.on ||
    !(response instanceof EventEmitter) ||
    !Object.hasOwn(response, 'on')
  ) {
    return undefined;
  }
  let route: string | undefined;
  const ask = (): void => {
    route = activeRpcMetadata(context.active())?.route;
  };
  response.on(ASK, ask);
  EventEmitter.prototype.emit.call(response, ASK);
  response.removeListener(ASK, ask);
  return route;
}

/** What the listeners of a request run in. */
export class ServedContext extends SpanOnContext {
  private readonly metadata: RpcMetadata;

  constructor(parent: Context, span: Span, metadata: RpcMetadata) {
    super(parent, span);
    this.metadata = metadata;
  }

  override getValue(key: symbol): unknown {
    return key === RPC_METADATA ? this.metadata : super.getValue(key);
  }

  protected override withSpan(span: Span): Context {
    return new ServedContext(this.parent, span, this.metadata);
  }

  protected override copy(): Context {
    return super.copy().setValue(RPC_METADATA, this.metadata);
  }
}

/**
 * The context that the caller's headers are read into. A span or baggage that is active when a request arrives is
 * not the caller's: the server was started in it, or another instrumentation has its own span of the request.
 */
export function contextOfCaller(active: Context): Context {
  const withoutSpan = trace.getSpan(active) === undefined ? active : trace.deleteSpan(active);
  return propagation.getBaggage(active) === undefined ? withoutSpan : propagation.deleteBaggage(withoutSpan);
}

/** A context in which nothing is traced. */
export function suppressed(ctx: Context): Context {
  return ctx.setValue(SUPPRESS_TRACING, true);
}
