import type { EventEmitter } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import { Server as TlsServer } from 'node:tls';
import { heldBack, prepareToFollow, unfollow } from '../../httpsnoop/follow.js';
import type { Stop } from '../../patch/descriptor.js';
import type { Method } from '../../patch/method.js';
import { type MakeMethod, overlayPrototype } from '../../patch/overlay.js';
import { whenUncaught } from '../../patch/thrown-error.js';
import type { Report, Source } from '../request-trace.js';
import { Emitters, layOver, traceOf } from './emitters.js';
import { beginHandOver, beginRequest, upgradeOf } from './http1.js';
import { beginCompatRequest, beginStream } from './http2.js';
import { seeHandshake, type TellHandshake } from './tls-handshakes.js';
import type { BeginServed, ServerTrace } from './trace.js';

/** Begins to watch the request that an event brings; `undefined`: nothing new, or of no interest. */
type BeginEvent = (
  begin: BeginServed,
  emitters: Emitters,
  server: EventEmitter,
  args: readonly unknown[],
) => ServerTrace | undefined;

type Events = ReadonlyMap<unknown, BeginEvent>;

const HTTP1_EVENTS: Events = new Map([
  ['request', beginRequest],
  ['checkContinue', beginRequest],
  ['checkExpectation', beginRequest],
  ['upgrade', beginHandOver],
  ['connect', beginHandOver],
]);

/** A secure server of HTTP/2 speaks HTTP/1.1 too, if it was told to. */
const orHttp1 =
  (beginEvent: BeginEvent): BeginEvent =>
  (begin, emitters, server, args) =>
    (isHttp2(args[1]) ? beginEvent : (HTTP1_EVENTS.get(args[0]) ?? beginEvent))(
      begin,
      emitters,
      server,
      args,
    );

const HTTP2_EVENTS: Events = new Map([
  ['stream', beginStream],
  ['request', orHttp1(beginCompatRequest)],
  ['checkContinue', orHttp1(beginCompatRequest)],
  ['checkExpectation', orHttp1(beginCompatRequest)],
  ['connect', orHttp1(beginCompatRequest)],
  ['upgrade', beginHandOver],
]);

const apply: Method = Reflect.apply as Method;

/** Events that tell of a handshake of TLS. They bring no request. */
const TLS_EVENTS: ReadonlySet<unknown> = new Set(['connection', 'secureConnection', 'tlsClientError']);

interface Methods {
  readonly emit: Method;
}

/**
 * Sees each request that a server of `http`, `https` or `http2` gets, whenever the server was made and however
 * the modules were loaded. Diagnostics channels tell of requests too, but only a call around the listeners can
 * make a context active in them.
 */
export class ServerSource implements Source {
  private readonly begin: BeginServed;
  private readonly handshakes: () => TellHandshake | undefined;
  private readonly report: Report;
  private readonly reported = new Set<unknown>();
  private readonly emitters = new Emitters();
  private stops: Stop[] = [];
  /** The layer over `emit` of servers. An older one that lies under somebody else's patch only passes on. */
  private layer: object | undefined = undefined;

  /** @param handshakes Gives who wants to know of handshakes of TLS at the moment, if anybody does. */
  constructor(begin: BeginServed, handshakes: () => TellHandshake | undefined, report: Report) {
    this.begin = begin;
    this.handshakes = handshakes;
    this.report = report;
  }

  start(): void {
    if (this.layer !== undefined) {
      return;
    }
    const layer = {};
    this.layer = layer;
    try {
      prepareToFollow();
      this.emitters.install();
      this.stops = [
        overlayPrototype<Methods>(http.Server.prototype, { emit: this.emitOver(layer, HTTP1_EVENTS) }),
        overlayPrototype<Methods>(https.Server.prototype, { emit: this.emitOver(layer, HTTP1_EVENTS) }),
        ...http2Prototypes().map((prototype) =>
          overlayPrototype<Methods>(prototype, { emit: this.emitOver(layer, HTTP2_EVENTS) }),
        ),
      ];
    } catch (error) {
      this.report('servers cannot be observed', error);
    }
  }

  /** Takes no new requests. Those under way are told to their end: they get methods of their own. */
  stop(): void {
    if (this.layer === undefined) {
      return;
    }
    this.layer = undefined;
    for (const stop of this.stops.splice(0)) {
      stop();
    }
    this.emitters.remove();
    unfollow((emitter) => {
      const trace = traceOf(emitter);
      if (trace !== undefined) {
        layOver(emitter, trace);
      }
    });
  }

  /**
   * Emits an event of a server in the context of the request that it brings. What a listener throws goes on, and ends
   * the trace. The method is the only frame of ours.
   *
   * An error can be looked at only by throwing it again, and Node prints the line from which an uncaught error
   * was thrown last. That line is to stay the program's. So the error is caught only under a method that
   * somebody laid over ours: that one may catch it too, and throw something else.
   */
  private emitOver(layer: object, events: Events): MakeMethod<Methods> {
    const source = this;
    return (own, parent) =>
      function emit(this: EventEmitter, ...args: unknown[]): unknown {
        const next = own ?? parent.emit;
        const trace = source.layer === layer ? source.begun(events.get(args[0]), this, args) : undefined;
        if (trace === undefined) {
          return Reflect.apply(next, this, args);
        }
        const { listenIn } = trace;
        let wasHeard: unknown;
        let returned = false;
        if (this.emit !== emit) {
          try {
            wasHeard = listenIn
              ? listenIn.contexts.with(listenIn.context, apply, undefined, next, this, args)
              : Reflect.apply(next, this, args);
          } catch (error) {
            source.threw(trace, args, error);
            throw error;
          }
        } else {
          try {
            wasHeard = listenIn
              ? listenIn.contexts.with(listenIn.context, apply, undefined, next, this, args)
              : Reflect.apply(next, this, args);
            returned = true;
          } finally {
            if (!returned) {
              whenUncaught((error) => source.threw(trace, args, error));
            }
          }
        }
        if (args[0] !== 'request') {
          source.returned(trace, args);
        }
        return wasHeard;
      };
  }

  /**
   * The trace of what an event brings, if it is a new request. Programs emit these events too, with whatever they want.
   *
   * @param beginEvent `undefined`: it brings none.
   */
  private begun(
    beginEvent: BeginEvent | undefined,
    server: EventEmitter,
    args: readonly unknown[],
  ): ServerTrace | undefined {
    try {
      if (beginEvent !== undefined) {
        return beginEvent(this.begin, this.emitters, server, args);
      }
      if (TLS_EVENTS.has(args[0]) && server instanceof TlsServer) {
        const tell = this.handshakes();
        if (tell !== undefined) {
          seeHandshake(tell, args);
        }
      }
    } catch (error) {
      if (beginEvent !== undefined) {
        endTrace(args[1], error);
      }
      this.reportOnce(args[0], error);
    }
    return undefined;
  }

  /** The listeners of an event that takes the place of `request` have returned. */
  private returned(trace: ServerTrace, [event, request]: readonly unknown[]): void {
    if (event === 'upgrade' || (event === 'connect' && !isHttp2(request))) {
      trace.hijacked(upgradeOf(request));
    }
  }

  private threw(trace: ServerTrace, args: readonly unknown[], error: unknown): void {
    const response = args[2];
    const held = typeof response === 'object' && response !== null ? heldBack(response) : 0;
    if (held > 0) {
      trace.wroteBody(held);
    }
    trace.threw(error);
  }

  private reportOnce(event: unknown, error: unknown): void {
    if (!this.reported.has(event)) {
      this.reported.add(event);
      this.report(`a ${String(event)} event could not be handled; further ones are not reported`, error);
    }
  }
}

/** Ends the trace of what could not be watched. */
function endTrace(message: unknown, error: unknown): void {
  if (typeof message === 'object' && message !== null) {
    traceOf(message)?.closed({ how: 'destroyed', error, headSent: true, unsent: 0 });
  }
}

function isHttp2(request: unknown): boolean {
  return (
    typeof request === 'object' &&
    request !== null &&
    'httpVersionMajor' in request &&
    request.httpVersionMajor === 2
  );
}

/** Node exports no class of these servers. The module is loaded here, for only who observes servers needs it. */
function http2Prototypes(): EventEmitter[] {
  const { createServer, createSecureServer } = process.getBuiltinModule('node:http2');
  return [Object.getPrototypeOf(createServer()), Object.getPrototypeOf(createSecureServer())];
}
