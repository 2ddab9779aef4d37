import { AsyncResource, executionAsyncId } from 'node:async_hooks';
import type { ChannelMessages, UndiciRequest } from '../channels.js';
import type { Lifecycle } from '../lifecycle.js';
import type { Begin, Caller, Report, RequestTrace } from '../request-trace.js';
import { guardedPair } from '../subscribe.js';
import { Copies } from './copies.js';
import { type Dispatched, Dispatches } from './dispatch.js';
import { Exchange, type UndiciHttpRequest } from './exchange.js';
import { Interceptors } from './interceptors.js';
import type { RequestMethods } from './request-methods.js';
import { WaitingCalls } from './waiting.js';

/** Begins each request for whoever called: at the call if that call is seen, else when undici makes the request. */
export class Callers {
  readonly dispatches: Dispatches;
  readonly copies: Copies;
  private readonly ask: Begin<UndiciHttpRequest>;
  private readonly lifecycle: Lifecycle;
  private readonly methods: RequestMethods;
  private readonly interceptors: Interceptors;
  private readonly waiting: WaitingCalls;

  /**
   * @param ask Who wants to know of a request.
   * @param active Who calls now.
   */
  constructor(
    ask: Begin<UndiciHttpRequest>,
    active: () => Caller,
    lifecycle: Lifecycle,
    methods: RequestMethods,
    report: Report,
  ) {
    this.ask = ask;
    this.lifecycle = lifecycle;
    this.methods = methods;
    this.interceptors = new Interceptors(active);
    this.waiting = new WaitingCalls(
      guardedPair('the failure of a call', (exchange, error) => exchange.fail(error, false), report),
    );
    this.dispatches = new Dispatches(guardedPair('a call', this.onWithoutRequest.bind(this), report));
    this.copies = new Copies(this.dispatches);
  }

  /** A call waits for a connection. Its exchange begins now, before undici makes a request of it. */
  private onWithoutRequest(dispatcher: object, { options, handler }: Dispatched): void {
    const exchange = this.waiting.add(dispatcher, options);
    if (exchange !== undefined) {
      this.begin(exchange, handler);
    }
  }

  /** undici makes a request. The exchange of a call that had to wait has begun before. */
  onCreate({ request }: ChannelMessages['undici:request:create']): void {
    const { dispatches, waiting } = this;
    this.methods.watchLike(request);
    const handler = dispatches.requestMade();
    const waited =
      handler === undefined || waiting.most === 0 ? undefined : waiting.take(handler, dispatches.options);
    const exchange = waited ?? new Exchange(request);
    if (waited !== undefined) {
      waited.made(request);
    } else if (request.method === 'CONNECT') {
      // This is part of another request's dial, or a tunnel of the caller's own. Go does not trace that either.
      exchange.tunnelFor = dispatches.takeDial();
    } else {
      this.begin(exchange, handler);
    }
    if (exchange.caller !== undefined) {
      this.interceptors.follow(request, exchange.caller);
    }
    if (handler === undefined) {
      this.copies.lookFor(request);
    }
    dispatches.requestIs(exchange, handler !== undefined);
    if (typeof request.body === 'object' && request.body !== null) {
      dispatches.madeWith(request.body, exchange);
    }
  }

  /** @param handler Of the call, if that is on the stack. */
  private begin(exchange: Exchange, handler: object | undefined): void {
    if (handler !== undefined && !isPrograms(handler)) {
      exchange.caller = this.interceptors.caller();
    }
    const trace =
      handler === undefined
        ? this.askUnseen(exchange)
        : this.ask(exchange, exchange.wantedAt, exchange.caller);
    if (trace !== undefined) {
      exchange.trace = trace;
      exchange.keepListening(this.lifecycle);
      trace.getConn?.(exchange.origin.hostPort);
    }
  }

  /** The call is not on the stack, and what runs now may belong to another request. Some handlers know their caller. */
  private askUnseen(exchange: Exchange): RequestTrace | undefined {
    const caller = callerOf(exchange.request, executionAsyncId());
    return caller === undefined
      ? this.ask(exchange, exchange.wantedAt)
      : caller.runInAsyncScope(this.ask, undefined, exchange, exchange.wantedAt);
  }
}

/** Whether a handler belongs to undici's own API or to `fetch`. Then the program itself called, and no interceptor. */
function isPrograms(handler: object): boolean {
  return handler instanceof AsyncResource || Object.getPrototypeOf(handler) === Object.prototype;
}

let handlerSymbol: symbol | undefined;

/** The id of whatever follows an `await`, on the releases of Node that do not tell these apart. */
const AFTER_AWAIT = 0;

/** How many interceptors may lie between a request and its caller. */
const DEPTH = 8;

/**
 * Where `undici.request` and `undici.stream` were called, if that is not where we are now. A full `Pool` makes the request
 * later, while it handles another. An interceptor makes one request for each hop and each try. `fetch` keeps no way back
 * to its caller, and undici 7 hides the way from an interceptor.
 */
function callerOf(request: UndiciRequest, currentAsyncId: number): AsyncResource | undefined {
  if (handlerSymbol === undefined || request[handlerSymbol] === undefined) {
    handlerSymbol = Object.getOwnPropertySymbols(request).find(
      ({ description }) => description === 'handler',
    );
    if (handlerSymbol === undefined) {
      return undefined;
    }
  }
  const caller = asyncResourceIn(request[handlerSymbol]);
  return caller === undefined ||
    (currentAsyncId !== AFTER_AWAIT && caller.triggerAsyncId() === currentAsyncId)
    ? undefined
    : caller;
}

function asyncResourceIn(outermost: unknown): AsyncResource | undefined {
  let handler = outermost;
  for (let depth = 0; depth < DEPTH; depth++) {
    if (handler instanceof AsyncResource) {
      return handler;
    }
    if (typeof handler !== 'object' || handler === null || !('handler' in handler)) {
      return undefined;
    }
    handler = handler.handler;
  }
  return undefined;
}
