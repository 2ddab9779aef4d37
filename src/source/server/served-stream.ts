import type { ServerHttp2Stream } from 'node:http2';
import { byteLengthOf } from '../../httpsnoop/byte-length.js';
import { hiddenField } from '../../patch/hidden-field.js';
import { NamedLayer } from '../../patch/method-layer.js';
import { emitClose, emitInContext } from './context-emit.js';
import type { Closing, ServerTrace } from './trace.js';
import { type Tunnel, WatchedStream } from './watched-stream.js';

const watched = hiddenField<WatchedStream>();

/** Calls the method between two looks at the stream; there is no second one if it throws. */
function layer(
  name: string,
  after: (watch: WatchedStream, args: unknown[]) => void,
  before?: (watch: WatchedStream) => void,
): NamedLayer<ServerHttp2Stream> {
  return new NamedLayer(name, (next, stream, args) => {
    const watch = watched.get(stream);
    if (watch === undefined) {
      return Reflect.apply(next, stream, args);
    }
    before?.(watch);
    const result = Reflect.apply(next, stream, args);
    after(watch, args);
    return result;
  });
}

const lookAtHead = (watch: WatchedStream): void => watch.lookAtHead();
const willSendFile = (watch: WatchedStream): void => watch.willSendFile();
const willBeClosed = (watch: WatchedStream): void => watch.willBeClosed();

const respond = layer('respond', (watch) => watch.responded());
const respondWithFile = layer('respondWithFile', lookAtHead, willSendFile);
const respondWithFD = layer('respondWithFD', lookAtHead, willSendFile);
const close = layer('close', lookAtHead, willBeClosed);
const destroy = layer('destroy', lookAtHead, willBeClosed);

const additionalHeaders = layer('additionalHeaders', (watch, [headers]) => {
  const status = pseudoHeader(headers, ':status');
  if (status !== undefined) {
    watch.trace.wroteInformational(Number(status));
  }
});

const pushStream = layer('pushStream', (watch, [headers]) => {
  watch.trace.pushed(String(pseudoHeader(headers, ':path') ?? '/'));
});

function pseudoHeader(headers: unknown, name: string): unknown {
  return typeof headers === 'object' && headers !== null ? Reflect.get(headers, name) : undefined;
}

const write = new NamedLayer<ServerHttp2Stream>('write', (next, stream, args) => {
  const watch = watched.get(stream);
  const takesBody = watch?.takesBody;
  const result = Reflect.apply(next, stream, args);
  if (takesBody) {
    watch?.wrote(args[0], args[1]);
  }
  return result;
});

const end = new NamedLayer<ServerHttp2Stream>('end', (next, stream, args) => {
  const watch = watched.get(stream);
  const takesBody = watch?.takesBody;
  const result = Reflect.apply(next, stream, args);
  if (takesBody) {
    watch?.wrote(args[0], args[1]);
  }
  watch?.ended();
  return result;
});

const emit = new NamedLayer<ServerHttp2Stream>('emit', (next, stream, args) => {
  const watch = watched.get(stream);
  if (watch === undefined) {
    return Reflect.apply(next, stream, args);
  }
  const { trace } = watch;
  switch (args[0]) {
    case 'data':
      if (trace.steps.requestBody) {
        trace.gotBody(byteLengthOf(args[1], stream.readableEncoding));
      }
      break;
    case 'finish':
      watch.sawFinish();
      break;
    case 'error':
      watch.failed(args[1]);
      break;
    case 'close':
      return emitClose(trace, next, stream, args, closingOf);
  }
  return emitInContext(trace, next, stream, args);
});

function closingOf(stream: ServerHttp2Stream): Closing {
  return watched.get(stream)?.closing() ?? { how: 'destroyed' };
}

/** What is needed to know how a stream ended, and by which methods a head may be written. */
const always = [emit, end, respond, respondWithFile, respondWithFD, close, destroy];

/**
 * Tells the steps of a traced HTTP/2 stream, below the compatibility API if that is used, and lets its listeners
 * run in the context of its request.
 */
export function watchStream(stream: ServerHttp2Stream, trace: ServerTrace, tunnel: Tunnel | undefined): void {
  const { steps } = trace;
  watched.set(stream, new WatchedStream(stream, trace, tunnel));
  for (const method of always) {
    method.layOver(stream);
  }
  if (steps.head || steps.body) {
    write.layOver(stream);
  }
  if (steps.informational) {
    additionalHeaders.layOver(stream);
  }
  if (steps.push) {
    pushStream.layOver(stream);
  }
}
