import type { ServerResponse } from 'node:http';
import { type Around, MethodLayer } from './method-layer.js';
import type { ServerTrace } from './server-trace.js';
import { traceOf } from './traced.js';

/** Calls the method, then tells that it was called; nothing is told of a call that throws. */
function after<Response extends object>(
  tell: (trace: ServerTrace, args: unknown[]) => void,
): Around<Response> {
  return (next, response, args) => {
    const result = Reflect.apply(next, response, args);
    const trace = traceOf(response);
    if (trace !== undefined) {
      tell(trace, args);
    }
    return result;
  };
}

/** The methods that are replaced, whatever their declared types. */
interface Methods {
  writeContinue: unknown;
  writeProcessing: unknown;
  writeEarlyHints: unknown;
  /** Only newer releases of Node have it. */
  writeInformation?: unknown;
}

interface Flushable {
  /** Missing in the types of HTTP/2's compatibility API. */
  flushHeaders?: unknown;
  readonly headersSent: boolean;
}

export const flushHeaders = new MethodLayer<Flushable>(
  'flushHeaders',
  (response) => response.flushHeaders,
  (response, method) => {
    response.flushHeaders = method;
  },
  after((trace) => trace.flushed()),
);

const writeContinue = new MethodLayer<ServerResponse>(
  'writeContinue',
  (response) => response.writeContinue,
  (response: Methods, method) => {
    response.writeContinue = method;
  },
  after((trace) => trace.wroteInformational(100)),
);

const writeProcessing = new MethodLayer<ServerResponse>(
  'writeProcessing',
  (response) => response.writeProcessing,
  (response: Methods, method) => {
    response.writeProcessing = method;
  },
  after((trace) => trace.wroteInformational(102)),
);

const writeEarlyHints = new MethodLayer<ServerResponse>(
  'writeEarlyHints',
  (response) => response.writeEarlyHints,
  (response: Methods, method) => {
    response.writeEarlyHints = method;
  },
  after((trace, [hints]) => {
    // Without a link Node sends nothing.
    const link: unknown =
      typeof hints === 'object' && hints !== null ? Reflect.get(hints, 'link') : undefined;
    if (Array.isArray(link) ? link.length > 0 : link) {
      trace.wroteInformational(103);
    }
  }),
);

const writeInformation = new MethodLayer<ServerResponse & Methods>(
  'writeInformation',
  (response) => response.writeInformation,
  (response: Methods, method) => {
    response.writeInformation = method;
  },
  after((trace, [statusCode]) => trace.wroteInformational(Number(statusCode))),
);

/** Tells each informational response that a traced HTTP/1.1 response sends ahead. */
export function watchInformational(response: ServerResponse & Partial<Methods>): void {
  if ('writeInformation' in response) {
    // The other three call it.
    writeInformation.layOver(response);
    return;
  }
  writeContinue.layOver(response);
  writeProcessing.layOver(response);
  writeEarlyHints.layOver(response);
}
