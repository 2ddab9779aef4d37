import type { EventEmitter } from 'node:events';
import type {
  Http2ServerRequest,
  Http2ServerResponse,
  IncomingHttpHeaders,
  ServerHttp2Stream,
} from 'node:http2';
import type { Http2Follower } from '../../httpsnoop/http2-follower.js';
import { followHttp2 } from '../../httpsnoop/http2-layer.js';
import { learnResumeListener } from '../../httpsnoop/listeners.js';
import type { ResponseObserver } from '../../httpsnoop/response-observer.js';
import { claim, type Emitters, traceOf, wasSeen } from './emitters.js';
import { Http2StreamRequest, Http2StreamResponse } from './stream-messages.js';
import type { BeginServed, ServerTrace } from './trace.js';

/** The trace of a `stream`: each request comes here first, whichever API serves it. */
export function beginStream(
  begin: BeginServed,
  _emitters: Emitters,
  server: EventEmitter,
  args: readonly unknown[],
): ServerTrace | undefined {
  const [, stream, headers] = args as [string, ServerHttp2Stream, IncomingHttpHeaders];
  if (becomesRequest(server, headers) || wasSeen(stream)) {
    return undefined;
  }
  const trace = begin(new Http2StreamRequest(stream, headers), new Http2StreamResponse(stream));
  claim(stream, trace);
  if (trace !== undefined) {
    watchStream(stream, headers, trace);
  }
  return trace;
}

/**
 * Whether the compatibility API alone takes the stream, and emits a request of it. Then the trace begins with
 * that request: the user's hooks are given it and its response.
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
  emitters: Emitters,
  server: EventEmitter,
  args: readonly unknown[],
): ServerTrace | undefined {
  const [, request, response] = args as [string, Http2ServerRequest, Http2ServerResponse];
  if (wasSeen(request)) {
    return undefined;
  }
  const { stream } = request;
  const isNew = !wasSeen(stream);
  const trace = isNew ? begin(request, response) : traceOf(stream);
  if (isNew) {
    claim(stream, trace);
  }
  if (trace === undefined) {
    claim(request, undefined);
    return undefined;
  }
  emitters.watchCompat(request, trace);
  emitters.watchCompat(response, trace);
  if (isNew) {
    learnResumeListener(request);
    const follower = watchStream(stream, request.headers, trace);
    if (server.listenerCount('stream') === 1 && stream.session?.listenerCount('stream') === 1) {
      follower.noteNodesListeners();
    }
    follower.companions = [request, response];
  } else {
    followHttp2(stream).companions = [request, response];
  }
  return trace;
}

function watchStream(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  trace: ServerTrace,
): Http2Follower {
  const follower = followHttp2(stream);
  follower.tell(trace, trace.listenIn);
  const { ':method': method, ':protocol': protocol } = headers;
  if (method === 'CONNECT') {
    follower.tell(new Tunnel(trace, typeof protocol === 'string' ? protocol : undefined));
  }
  // Node answers an expectation by itself, if nobody else wants to.
  for (const { ':status': status } of stream.sentInfoHeaders ?? []) {
    trace.wroteInformational?.(Number(status));
  }
  return follower;
}

/** A CONNECT: from its answer on, the stream belongs to another protocol, which the client may have named. */
class Tunnel implements ResponseObserver {
  readonly countsBody = false;
  private readonly trace: ServerTrace;
  private readonly protocol: string | undefined;

  constructor(trace: ServerTrace, protocol: string | undefined) {
    this.trace = trace;
    this.protocol = protocol;
  }

  wroteHead(statusCode: number): void {
    if (statusCode < 300) {
      this.trace.hijacked(this.protocol);
    }
  }

  wroteBody(): void {
    // The body belongs to the other protocol.
  }

  closed(): void {
    // The trace is told by its own follower.
  }
}
