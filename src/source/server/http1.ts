import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EmitArgs } from '../../patch/emit-patch.js';
import { watchEmitter } from './context-emit.js';
import { watchTurn } from './queued-responses.js';
import { watchRequest } from './served-request.js';
import { watchResponse } from './served-response.js';
import type { BeginServed, ServerTrace } from './trace.js';
import { setTrace, wasSeen } from './traced.js';

/** The trace of a new request: `request`, or one of the events that take its place. */
export function beginRequest(
  begin: BeginServed,
  server: EventEmitter,
  args: EmitArgs,
): ServerTrace | undefined {
  const request = args[1] as IncomingMessage;
  const response = args[2] as ServerResponse;
  if (wasSeen(request)) {
    return undefined;
  }
  const trace = begin(request, response);
  setTrace(request, trace);
  if (trace === undefined) {
    return undefined;
  }
  setTrace(response, trace);
  watchRequest(request);
  watchResponse(response, trace.steps);
  watchTurn(request, response);
  if (args[0] === 'request' && trace.steps.informational && wasToldToContinue(server, request)) {
    trace.wroteInformational(100);
  }
  return trace;
}

const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i;

/** Node has just answered this expectation by itself, if nobody else wants to. */
function wasToldToContinue(server: EventEmitter, { headers, httpVersion }: IncomingMessage): boolean {
  const { expect } = headers;
  return (
    expect !== undefined &&
    CONTINUE.test(expect) &&
    httpVersion === '1.1' &&
    server.listenerCount('checkContinue') === 0
  );
}

/** The trace of an `upgrade` or `connect`: the listener is given the connection, and does with it what it wants. */
export function beginHandOver(
  begin: BeginServed,
  _server: EventEmitter,
  args: EmitArgs,
): ServerTrace | undefined {
  const request = args[1] as IncomingMessage;
  if (wasSeen(request)) {
    return undefined;
  }
  const trace = begin(request, undefined);
  setTrace(request, trace);
  if (trace !== undefined) {
    watchEmitter(request);
  }
  return trace;
}

/** What the listener was asked to speak on the connection. */
export function upgradeOf(request: unknown): string | undefined {
  return (request as IncomingMessage).headers.upgrade;
}
