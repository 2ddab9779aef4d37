import type { EventEmitter } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import { type Emit, type EmitArgs, EmitPatch, type Intercept } from '../../patch/emit-patch.js';
import type { Report, Source, Stop } from '../request-trace.js';
import { beginHandOver, beginRequest, upgradeOf } from './http1.js';
import { beginCompatRequest, beginStream } from './http2.js';
import { watchInformational } from './response-steps.js';
import { runListeners } from './run-listeners.js';
import type { BeginServed, ServerTrace } from './trace.js';
import { traceOf } from './traced.js';

/** Begins to watch the request that an event brings; `undefined`: nothing new, or of no interest. */
type BeginEvent = (begin: BeginServed, server: EventEmitter, args: EmitArgs) => ServerTrace | undefined;

const HTTP1_EVENTS: ReadonlyMap<unknown, BeginEvent> = new Map([
  ['request', beginRequest],
  ['checkContinue', beginRequest],
  ['checkExpectation', beginRequest],
  ['upgrade', beginHandOver],
  ['connect', beginHandOver],
]);

const HTTP2_EVENTS: ReadonlyMap<unknown, BeginEvent> = new Map([
  ['stream', beginStream],
  ['request', beginCompatRequest],
  ['checkContinue', beginCompatRequest],
  ['checkExpectation', beginCompatRequest],
  ['connect', beginCompatRequest],
]);

/**
 * Sees each request that a server of `http`, `https` or `http2` gets, whenever the server was made and however
 * the modules were loaded. Diagnostics channels tell of requests too, but only a call around the listeners can
 * make a context active in them.
 */
export class ServerSource implements Source {
  private readonly begin: BeginServed;
  private readonly report: Report;
  private readonly reported = new Set<BeginEvent>();
  private patches: readonly EmitPatch[] | undefined;
  private stops: Stop[] = [];

  constructor(begin: BeginServed, report: Report) {
    this.begin = begin;
    this.report = report;
  }

  start(): void {
    try {
      this.patches ??= [
        new EmitPatch(http.Server.prototype, this.onHttp1),
        new EmitPatch(https.Server.prototype, this.onHttp1),
        ...http2Prototypes().map((prototype) => new EmitPatch(prototype, this.onHttp2)),
      ];
      for (const patch of this.patches) {
        patch.install();
      }
      if (this.stops.length === 0) {
        this.stops = watchInformational(http.ServerResponse.prototype);
      }
    } catch (error) {
      this.report('servers cannot be observed', error);
    }
  }

  /** Takes no new requests. Those under way are told to their end: they need no patched prototype. */
  stop(): void {
    for (const patch of this.patches ?? []) {
      patch.remove();
    }
    for (const stop of this.stops.splice(0)) {
      stop();
    }
  }

  private readonly onHttp1: Intercept = (emit, server, args) => {
    const beginEvent = HTTP1_EVENTS.get(args[0]);
    return beginEvent === undefined
      ? Reflect.apply(emit, server, args)
      : this.serve(beginEvent, emit, server, args);
  };

  /** A secure one speaks HTTP/1.1 too, if it was told to. */
  private readonly onHttp2: Intercept = (emit, server, args) => {
    const beginEvent = HTTP2_EVENTS.get(args[0]);
    if (beginEvent === undefined || (beginEvent === beginCompatRequest && !isHttp2(args[1]))) {
      return this.onHttp1(emit, server, args);
    }
    return this.serve(beginEvent, emit, server, args);
  };

  private serve(beginEvent: BeginEvent, emit: Emit, server: EventEmitter, args: EmitArgs): boolean {
    const trace = this.guarded(beginEvent, server, args);
    if (trace === undefined) {
      return Reflect.apply(emit, server, args);
    }
    const hadListeners = runListeners(trace, emit, server, args);
    if (beginEvent === beginHandOver) {
      trace.hijacked(upgradeOf(args[1]));
    }
    return hadListeners;
  }

  /** Programs emit these events too, with whatever they want. */
  private guarded(beginEvent: BeginEvent, server: EventEmitter, args: EmitArgs): ServerTrace | undefined {
    try {
      return beginEvent(this.begin, server, args);
    } catch (error) {
      endTrace(args[1], error);
      if (!this.reported.has(beginEvent)) {
        this.reported.add(beginEvent);
        this.report(`a ${String(args[0])} event could not be handled; further ones are not reported`, error);
      }
      return undefined;
    }
  }
}

/** What was begun and could not be watched. */
function endTrace(message: unknown, error: unknown): void {
  if (typeof message === 'object' && message !== null) {
    traceOf(message)?.closed({ how: 'destroyed', error });
  }
}

function isHttp2(request: unknown): boolean {
  return typeof request === 'object' && request !== null && Reflect.get(request, 'httpVersionMajor') === 2;
}

/** Node exports no class of these servers. The module is loaded here, for only who observes servers needs it. */
function http2Prototypes(): EventEmitter[] {
  const { createServer, createSecureServer } = process.getBuiltinModule('node:http2');
  return [Object.getPrototypeOf(createServer()), Object.getPrototypeOf(createSecureServer())];
}
