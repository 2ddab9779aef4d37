import type { EventEmitter } from 'node:events';
import type {
  Http2ServerRequest,
  Http2ServerResponse,
  IncomingHttpHeaders,
  ServerHttp2Stream,
} from 'node:http2';
import type { EmitArgs } from '../../patch/emit-patch.js';
import { watchEmitter } from './context-emit.js';
import { flushHeaders } from './response-steps.js';
import { watchStream } from './served-stream.js';
import { Http2StreamRequest, Http2StreamResponse } from './stream-messages.js';
import type { BeginServed, ServerTrace } from './trace.js';
import { setTrace, traceOf, wasSeen } from './traced.js';
import type { Tunnel } from './watched-stream.js';

/** The trace of a `stream`: each request comes here first, whichever API serves it. */
export function beginStream(
  begin: BeginServed,
  server: EventEmitter,
  args: EmitArgs,
): ServerTrace | undefined {
  const [, stream, headers] = args as [string, ServerHttp2Stream, IncomingHttpHeaders];
  if (wasSeen(stream) || becomesRequest(server, headers)) {
    return undefined;
  }
  const trace = begin(new Http2StreamRequest(stream, headers), new Http2StreamResponse(stream));
  setTrace(stream, trace);
  if (trace !== undefined) {
    watch(stream, headers, trace);
  }
  return trace;
}

/**
 * Whether nobody but the compatibility API takes the stream, and makes an event of it: then the trace begins
 * there, where there are a request and a response for the hooks.
 */
function becomesRequest(server: EventEmitter, { expect }: IncomingHttpHeaders): boolean {
  return (
    server.listenerCount('request') > 0 &&
    server.listenerCount('stream') === 1 &&
    (expect === undefined || expect === '100-continue' || server.listenerCount('checkExpectation') > 0)
  );
}

/** The trace of a `request` of the compatibility API, or of an event that takes its place, such as `connect`. */
export function beginCompatRequest(
  begin: BeginServed,
  _server: EventEmitter,
  args: EmitArgs,
): ServerTrace | undefined {
  const [, request, response] = args as [string, Http2ServerRequest, Http2ServerResponse];
  if (wasSeen(request)) {
    return undefined;
  }
  const { stream } = request;
  const isNew = !wasSeen(stream);
  const trace = isNew ? begin(request, response) : traceOf(stream);
  setTrace(request, trace);
  setTrace(stream, trace);
  if (trace === undefined) {
    return undefined;
  }
  if (isNew) {
    watch(stream, request.headers, trace);
  }
  setTrace(response, trace);
  watchEmitter(request);
  watchEmitter(response);
  if (trace.steps.flush) {
    flushHeaders.layOver(response);
  }
  return trace;
}

function watch(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, trace: ServerTrace): void {
  watchStream(stream, trace, tunnelOf(headers));
  // Node answers an expectation by itself, if nobody else wants to.
  for (const { ':status': status } of stream.sentInfoHeaders ?? []) {
    trace.wroteInformational(Number(status));
  }
}

function tunnelOf({ ':method': method, ':protocol': protocol }: IncomingHttpHeaders): Tunnel | undefined {
  return method === 'CONNECT' ? { protocol: typeof protocol === 'string' ? protocol : undefined } : undefined;
}
