import type { Attributes, Tracer } from '@opentelemetry/api';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode } from '../../api.js';
import { epochAt, toHrTime } from '../../clock.js';
import { ATTR_ERROR_TYPE, SPAN_TLS_SERVER_HANDSHAKE } from '../../semconv/semconv.js';
import type { ServedHandshake } from '../../source/server/tls-handshakes.js';
import { addTLSProtocol } from '../http/attributes.js';
import { errorMessage, errorType } from '../http/error.js';

/** A handshake belongs to a connection, which serves many requests: its span is a trace of its own. */
export function emitHandshake(tracer: Tracer, handshake: ServedHandshake): void {
  const { startedAt, endedAt, version, error } = handshake;
  const attributes: Attributes = {};
  if (version !== undefined) {
    addTLSProtocol(attributes, version);
  }
  if (error !== undefined) {
    attributes[ATTR_ERROR_TYPE] = errorType(error);
  }
  const epoch = epochAt(startedAt);
  const startTime = toHrTime(epoch, startedAt);
  const options = { root: true, kind: SpanKind.INTERNAL, attributes, startTime };
  const span = tracer.startSpan(SPAN_TLS_SERVER_HANDSHAKE, options, ROOT_CONTEXT);
  if (error !== undefined) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: errorMessage(error) });
  }
  span.end(toHrTime(epoch, endedAt));
}
