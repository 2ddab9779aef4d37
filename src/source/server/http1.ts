import type { EventEmitter } from 'node:events';
import { type IncomingMessage, ServerResponse } from 'node:http';
import { followerOf } from '../../httpsnoop/follow.js';
import { followHttp1 } from '../../httpsnoop/http1-layer.js';
import { claim, type Emitters, wasSeen } from './emitters.js';
import type { BeginServed, ServerTrace } from './trace.js';

/** Begins the trace of what `request` brings, or one of the events that take its place. */
export function beginRequest(
  begin: BeginServed,
  emitters: Emitters,
  server: EventEmitter,
  args: readonly unknown[],
): ServerTrace | undefined {
  const request = args[1] as IncomingMessage;
  const response = args[2] as ServerResponse;
  if (wasSeen(request)) {
    return undefined;
  }
  const trace = begin(request, response);
  if (trace === undefined) {
    claim(request, undefined);
    return undefined;
  }
  emitters.watch(request, trace);
  // Programs also emit a request with a response of another kind.
  const follower = response instanceof ServerResponse ? followHttp1(response) : followerOf(response);
  follower.tell(trace, trace.listenIn);
  follower.companions = [request];
  const { expect } = request.headers;
  if (expect !== undefined && args[0] === 'request' && wasToldToContinue(server, request, expect)) {
    trace.wroteInformational?.(100);
  }
  return trace;
}

const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i;

/** Whether Node has just answered this expectation by itself, because nobody listens for it. */
function wasToldToContinue(server: EventEmitter, { httpVersion }: IncomingMessage, expect: string): boolean {
  return CONTINUE.test(expect) && httpVersion === '1.1' && server.listenerCount('checkContinue') === 0;
}

/** The trace of an `upgrade` or `connect`: the listener is given the connection, and does with it what it wants. */
export function beginHandOver(
  begin: BeginServed,
  emitters: Emitters,
  _server: EventEmitter,
  args: readonly unknown[],
): ServerTrace | undefined {
  const request = args[1] as IncomingMessage;
  if (wasSeen(request)) {
    return undefined;
  }
  const trace = begin(request, undefined);
  if (trace === undefined) {
    claim(request, undefined);
  } else {
    emitters.watch(request, trace);
  }
  return trace;
}

/** What the listener was asked to speak on the connection. */
export function upgradeOf(request: unknown): string | undefined {
  return (request as IncomingMessage).headers.upgrade;
}
