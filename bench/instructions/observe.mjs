// Begins to record as a column of the table says, and not before: a peer patches what is loaded after it was made.
import { CLIENT_HOOKS_OFF, SERVER_HOOKS_OFF } from '../hooks.mjs';

const HOOKS_OFF = { client: CLIENT_HOOKS_OFF, server: SERVER_HOOKS_OFF };

/** Ways in which this package records, and what each span has then. */
export const OURS = {
  all: { side: () => ({}), events: (row) => row.events },
  attributes: { side: () => ({ phases: 'attributes' }), events: () => 0 },
  off: { side: (row) => ({ hooks: HOOKS_OFF[row.side] }), events: () => 0 },
  unsampled: { side: () => ({}), unsampled: true },
};

const PEERS = {
  undici: async () => new (await import('@opentelemetry/instrumentation-undici')).UndiciInstrumentation(),
  http: async () => new (await import('@opentelemetry/instrumentation-http')).HttpInstrumentation(),
};

function register(instrumentation, { sampled, unsampled, meterProvider }, isSampled = true) {
  instrumentation.setTracerProvider(isSampled ? sampled : unsampled);
  instrumentation.setMeterProvider(meterProvider);
  return instrumentation;
}

/** Gives what is meant to record the providers of the benchmark; `nothing` and `floor` observe nothing. */
export async function observe(row, column, telemetry) {
  const way = OURS[column];
  if (way !== undefined) {
    const { HttpTraceInstrumentation } = await import('opentelemetry-instrumentation-httptrace');
    const off = { enabled: false };
    const sides = { client: off, server: off, [row.side]: way.side(row) };
    register(new HttpTraceInstrumentation(sides), telemetry, !way.unsampled);
  } else if (column === 'peer') {
    register(await PEERS[row.peer](), telemetry);
  }
}
