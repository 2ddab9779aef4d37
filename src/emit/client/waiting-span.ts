import type { Span } from '@opentelemetry/api';
import { SpanKind, SpanStatusCode, trace } from '../../api.js';
import type { ClientRecord } from '../../recorder/client.js';
import { ATTR_ERROR_TYPE, SPAN_WAIT_FOR_CONNECTION } from '../../semconv/semconv.js';
import type { ClientVerdict } from './outcome.js';
import type { ClientStart, SpanClock } from './start.js';

/**
 * Makes the child span of a request's wait for its connection, in the shape of .NET's. Makes none if a connection was
 * ready, or if the caller gave up during the wait.
 */
export function emitWaitForConnection(
  { settings, server }: ClientStart,
  clock: SpanClock,
  parent: Span,
  { context, wantedAt, gotConnAt, conn }: ClientRecord,
  { failure, message, endedAt }: ClientVerdict,
): void {
  const failed = conn === undefined && failure !== undefined;
  if (conn?.wasIdle === true || (conn === undefined && !failed)) {
    return;
  }
  const span = settings.outputs.tracer.startSpan(
    `${SPAN_WAIT_FOR_CONNECTION} ${server.hostPort}`,
    { kind: SpanKind.INTERNAL, startTime: clock.timeBelowAt(wantedAt) },
    trace.setSpan(context, parent),
  );
  if (failed) {
    span.setAttribute(ATTR_ERROR_TYPE, failure);
    span.setStatus({ code: SpanStatusCode.ERROR, message });
  }
  span.end(clock.timeBelowAt(failed ? endedAt : gotConnAt));
}
