import { createRequire } from 'node:module';
import { HttpInstrumentation, type HttpInstrumentationConfig } from '@opentelemetry/instrumentation-http';
import type { ServedSpans } from '../telemetry/served-spans.js';

export const PEER_SCOPE = '@opentelemetry/instrumentation-http';

/**
 * Registers the other instrumentation of servers for the rest of the file: where somebody lies over its patch, it
 * cannot take that off. It patches when a module is required.
 */
export function registerHttpPeer(config: HttpInstrumentationConfig = {}): HttpInstrumentation {
  const peer = new HttpInstrumentation({ disableOutgoingRequestInstrumentation: true, ...config });
  createRequire(__filename)('http');
  return peer;
}

/** Lets it record with the providers of this test. */
export function usePeer(peer: HttpInstrumentation, served: ServedSpans): void {
  peer.setTracerProvider(served.tracerProvider);
  peer.setMeterProvider(served.meterProvider);
}
