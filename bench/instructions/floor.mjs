// The least code that makes the OpenTelemetry calls which this package makes for a request: with the same attributes,
// events and measurements, as they were when one was recorded.
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';

/**
 * What this package recorded of one request.
 *
 * @typedef {object} Recorded
 * @property {string} name
 * @property {Record<string, unknown>} start The attributes that the span began with.
 * @property {Record<string, unknown>} later Those that it was given afterwards.
 * @property {[name: string, attributes: Record<string, unknown>][]} events
 * @property {Record<string, unknown>} measured The attributes of the duration.
 */

/** A function that makes these attributes anew: as fast as if somebody had written them there. */
function making(attributes) {
  return new Function(`return ${JSON.stringify(attributes)}`);
}

function recording({ tracer, histogram }, kind, { name, start, later, events, measured }) {
  const startAttributes = making(start);
  const laterAttributes = making(later);
  const measuredAttributes = making(measured);
  const made = events.map(([event, attributes]) => [
    event,
    Object.keys(attributes).length === 0 ? () => undefined : making(attributes),
  ]);
  return {
    begin: (parent) => tracer.startSpan(name, { kind, attributes: startAttributes() }, parent),
    end(span, ctx) {
      for (let index = 0; index < made.length; index++) {
        span.addEvent(made[index][0], made[index][1]());
      }
      span.setAttributes(laterAttributes());
      span.end();
      histogram.record(0.01, measuredAttributes(), ctx);
    },
  };
}

/** Makes a request of a client, and records it. The header that tells its trace is sent with it, where a row sends any. */
export function clientFloor(outputs, recorded, request) {
  const { begin, end } = recording(outputs, SpanKind.CLIENT, recorded);
  return () => {
    const parent = context.active();
    const span = begin(parent);
    const ctx = trace.setSpan(parent, span);
    const headers = {};
    propagation.inject(ctx, headers);
    const answered = request(headers);
    return answered instanceof Promise ? answered.then(() => end(span, ctx)) : end(span, ctx);
  };
}

/** The handler of a server, with what is recorded around it. */
export function serverFloor(outputs, recorded, handler) {
  const { begin, end } = recording(outputs, SpanKind.SERVER, recorded);
  return (request, response) => {
    const parent = propagation.extract(ROOT_CONTEXT, request.headers);
    const span = begin(parent);
    const ctx = trace.setSpan(parent, span);
    response.once('close', () => end(span, ctx));
    context.with(ctx, handler, undefined, request, response);
  };
}
