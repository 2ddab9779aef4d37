import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { now } from '../../clock.js';
import { byteLengthOf } from '../../httpsnoop/byte-length.js';
import { type Method, MethodLayer, NamedLayer } from '../../patch/method-layer.js';
import { emitClose, emitInContext } from './context-emit.js';
import { emitFinishToNode, isFinishHeardByNodeAlone, noteMaker } from './nodes-listeners.js';
import { closingOf } from './peer-gone.js';
import { flushHeaders } from './response-steps.js';
import type { WatchedSteps } from './trace.js';
import { traceOf } from './traced.js';

/** The methods that are replaced, whatever their declared types. */
interface Methods {
  emit: unknown;
  writeHead: unknown;
  write: unknown;
  end: unknown;
  flushHeaders: unknown;
}

const SWITCHING_PROTOCOLS = 101;

function writeHeadOfResponse(next: Method, response: ServerResponse, args: unknown[]): unknown {
  const result = Reflect.apply(next, response, args);
  const { statusCode } = response;
  if (statusCode >= 200 || statusCode === SWITCHING_PROTOCOLS) {
    const headers = typeof args[1] === 'string' ? args[2] : (args[2] ?? args[1]);
    traceOf(response)?.wroteHead(statusCode, headers);
  }
  return result;
}

const writeHead = new MethodLayer<ServerResponse>(
  'writeHead',
  writeHeadOfResponse,
  function writeHead(...args) {
    let holder: Methods = Object.getPrototypeOf(this);
    while (holder.writeHead === writeHead) {
      holder = Object.getPrototypeOf(holder);
    }
    return writeHeadOfResponse(holder.writeHead as Method, this, args);
  },
);

function writeOfResponse(next: Method, response: ServerResponse, args: unknown[]): unknown {
  const takesBody = isOpen(response);
  const result = Reflect.apply(next, response, args);
  if (takesBody) {
    traceOf(response)?.wroteBody(bodyBytes(response, args[0], args[1]));
  }
  return result;
}

const write = new MethodLayer<ServerResponse>('write', writeOfResponse, function write(...args) {
  let holder: Methods = Object.getPrototypeOf(this);
  while (holder.write === write) {
    holder = Object.getPrototypeOf(holder);
  }
  return writeOfResponse(holder.write as Method, this, args);
});

function endOfResponse(next: Method, response: ServerResponse, args: unknown[]): unknown {
  const takesBody = isOpen(response);
  const result = Reflect.apply(next, response, args);
  const trace = takesBody ? traceOf(response) : undefined;
  if (trace !== undefined) {
    const at = now();
    trace.wroteBody(bodyBytes(response, args[0], args[1]), at);
    trace.ended(at);
  }
  return result;
}

const end = new MethodLayer<ServerResponse>('end', endOfResponse, function end(...args) {
  let holder: Methods = Object.getPrototypeOf(this);
  while (holder.end === end) {
    holder = Object.getPrototypeOf(holder);
  }
  return endOfResponse(holder.end as Method, this, args);
});

function isOpen(response: ServerResponse): boolean {
  return !response.writableEnded && !response.destroyed;
}

/** Node's mark of a response that HTTP allows no body: what is written to it is dropped. */
interface Bodiless {
  readonly _hasBody?: boolean;
}

function bodyBytes(response: ServerResponse & Bodiless, chunk: unknown, encoding: unknown): number {
  return response._hasBody === false ? 0 : byteLengthOf(chunk, encoding);
}

function emitOfResponse(next: Method, response: ServerResponse, args: unknown[]): unknown {
  const trace = traceOf(response);
  if (trace === undefined) {
    return Reflect.apply(next, response, args);
  }
  switch (args[0]) {
    case 'finish':
      if (isHandedOver(response.socket)) {
        trace.finished();
      }
      if (isFinishHeardByNodeAlone(response)) {
        return emitFinishToNode(next, response, args);
      }
      break;
    case 'error':
      trace.errored(args[1]);
      break;
    case 'close':
      return emitClose(trace, next, response, args, closingOf);
  }
  return emitInContext(trace, next, response, args);
}

const emit = new MethodLayer<ServerResponse>('emit', emitOfResponse, function emit(...args) {
  let holder: Methods = Object.getPrototypeOf(this);
  while (holder.emit === emit) {
    holder = Object.getPrototypeOf(holder);
  }
  return emitOfResponse(holder.emit as Method, this, args);
});

/** Before Node 24, `finish` comes also when writing failed: then the connection is broken. */
function isHandedOver(socket: Socket | null | undefined): boolean {
  return !socket || (!socket.destroyed && !socket.errored);
}

/** Before Node 24, a response that waits for its turn on a pipelined connection never closes if the connection does. */
const destroy = new NamedLayer<ServerResponse>('destroy', (next, response, args) => {
  const result = Reflect.apply(next, response, args);
  if (response.socket === null) {
    traceOf(response)?.closed(closingOf(response));
  }
  return result;
});

/** Tells the steps of a traced HTTP/1.1 response, and lets its listeners run in the context of its request. */
export function watchResponse(response: ServerResponse, steps: WatchedSteps): void {
  noteMaker(response);
  const own: Methods = response;
  const inherited: Methods = Object.getPrototypeOf(response);
  own.emit = emit.over(own.emit, inherited.emit);
  if (response.socket === null) {
    destroy.layOver(response);
  }
  if (steps.head) {
    own.writeHead = writeHead.over(own.writeHead, inherited.writeHead);
  }
  if (steps.body) {
    own.write = write.over(own.write, inherited.write);
    own.end = end.over(own.end, inherited.end);
  }
  if (steps.flush) {
    own.flushHeaders = flushHeaders.over(own.flushHeaders, inherited.flushHeaders);
  }
}
