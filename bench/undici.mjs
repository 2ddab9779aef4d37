import { pathToFileURL } from 'node:url';
import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { HttpTraceInstrumentation } from 'opentelemetry-instrumentation-httptrace';
import { printRequests, sideBySide } from './harness.mjs';
import { CLIENT_HOOKS_OFF } from './hooks.mjs';
import { startTelemetry } from './telemetry.mjs';
import { replay } from './undici-messages.mjs';

/** The least code that makes the same OpenTelemetry calls, with nothing else around it. */
function floor({ tracer, histogram, events }) {
  const parent = context.active();
  const setter = { set: (carrier, name, value) => carrier.push(name, value) };
  return () => {
    const span = tracer.startSpan(
      'GET',
      {
        kind: SpanKind.CLIENT,
        attributes: {
          'http.request.method': 'GET',
          'server.address': 'orders.internal',
          'server.port': 8080,
          'url.full': 'http://orders.internal:8080/orders/42?expand=items',
        },
      },
      parent,
    );
    const ctx = trace.setSpan(parent, span);
    propagation.inject(ctx, [], setter);
    if (events) {
      span.addEvent('http.getconn.start', { 'server.address': 'orders.internal', 'server.port': 8080 });
      span.addEvent('http.getconn.done', {
        'network.peer.address': '10.1.2.80',
        'network.peer.port': 8080,
        'network.local.address': '10.1.2.3',
        'network.local.port': 51234,
        'network.protocol.version': '1.1',
        'http.conn.reused': true,
        'http.conn.wasidle': true,
        'http.conn.idletime': 0.5,
      });
      span.addEvent('http.send.start');
      span.addEvent('http.send.done');
      span.addEvent('http.receive.start');
      span.addEvent('http.receive.done');
    }
    span.setAttributes({
      'http.response.status_code': 200,
      'network.peer.address': '10.1.2.80',
      'network.peer.port': 8080,
      'network.protocol.version': '1.1',
    });
    span.end();
    histogram.record(
      0.01,
      {
        'http.request.method': 'GET',
        'server.address': 'orders.internal',
        'server.port': 8080,
        'http.response.status_code': 200,
        'network.protocol.version': '1.1',
      },
      ctx,
    );
  };
}

/** @returns {Promise<{ name: string, nsPerRequest: number, ratio: number }[]>} The ratio is to the peer. */
export async function undiciRows(telemetry = startTelemetry()) {
  const { processor, sampled, unsampled, meterProvider } = telemetry;
  const replayed = (name, instrumentation, tracerProvider = sampled) => {
    instrumentation?.setTracerProvider(tracerProvider);
    instrumentation?.setMeterProvider(meterProvider);
    return {
      name,
      setUp: () => instrumentation?.enable(),
      tearDown: () => instrumentation?.disable(),
      work: replay,
    };
  };
  const ours = (client) =>
    new HttpTraceInstrumentation({ enabled: false, client, server: { enabled: false } });
  const peer = new UndiciInstrumentation();
  peer.disable();
  const tracer = sampled.getTracer('floor');
  const histogram = meterProvider.getMeter('floor').createHistogram('floor', { unit: 's' });
  const subjects = [
    replayed('nothing subscribed'),
    replayed('httptrace, all default hooks', ours({})),
    replayed('httptrace, hooks off', ours({ hooks: CLIENT_HOOKS_OFF })),
    replayed('httptrace, not sampled', ours({}), unsampled),
    replayed('instrumentation-undici 0.33', peer),
    {
      name: 'floor: the bare OpenTelemetry calls, six events',
      work: floor({ tracer, histogram, events: true }),
    },
    {
      name: 'floor: the bare OpenTelemetry calls, no events',
      work: floor({ tracer, histogram, events: false }),
    },
  ];
  verify(subjects, processor);
  const results = sideBySide(subjects);
  const { ns: peerNs } = results.find(({ name }) => name.startsWith('instrumentation-undici'));
  return results.map(({ name, ns }) => ({ name, nsPerRequest: ns, ratio: ns / peerNs }));
}

/** A benchmark of a path that does nothing would look best of all. */
function verify(subjects, processor) {
  const expected = [
    [0, 0],
    [1, 6],
    [1, 0],
    [0, 0],
    [1, 0],
    [1, 6],
    [1, 0],
  ];
  for (const [index, { name, setUp, tearDown, work }] of subjects.entries()) {
    const before = { ended: processor.ended, events: processor.events };
    setUp?.();
    work();
    tearDown?.();
    const recorded = [processor.ended - before.ended, processor.events - before.events];
    if (recorded.join() !== expected[index].join()) {
      throw new Error(
        `${name}: recorded ${recorded[0]} spans and ${recorded[1]} events instead of ${expected[index]}`,
      );
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  printRequests('undici: one GET on a reused connection', 'ratio to the peer', await undiciRows());
}
