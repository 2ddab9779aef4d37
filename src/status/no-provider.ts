import { diag } from '@opentelemetry/api';
import { hasMeterProvider, hasTracerProvider } from './providers.js';

/** What to do with no TracerProvider. */
export const NO_PROVIDER_HINT =
  'No TracerProvider is registered, so no span is recorded: start an OpenTelemetry SDK before the first request, ' +
  'or the program with `node --import opentelemetry-instrumentation-httptrace/register`.';

let suspected = false;

/** A span was asked for, and nobody made one. Warns if that is still so a moment later, once. */
export function suspectNoProvider(): void {
  if (!suspected) {
    suspected = true;
    // The SDK may be about to be registered. And who measures without tracing knows what is missing.
    setImmediate(() => {
      if (!hasTracerProvider() && !hasMeterProvider()) {
        diag.warn(`httptrace: ${NO_PROVIDER_HINT}`);
      }
    }).unref();
  }
}
