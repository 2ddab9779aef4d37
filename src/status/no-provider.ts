import { reportWarning } from '../diagnostics.js';
import { hasMeterProvider, hasTracerProvider } from './providers.js';

/** What to do with no TracerProvider. */
export const NO_PROVIDER_HINT =
  'No TracerProvider is registered, so no span is recorded: start an OpenTelemetry SDK before the first request, or ' +
  'the program with `node --import opentelemetry-instrumentation-httptrace/register`, and look for ' +
  'OTEL_SDK_DISABLED and OTEL_TRACES_EXPORTER.';

let suspected = false;

/** A span was asked for, and nobody made one. Warns if that is still so a moment later, once. */
export function suspectNoProvider(): void {
  if (!suspected) {
    suspected = true;
    // The SDK may be about to be registered.
    setImmediate(() => {
      if (!hasTracerProvider() && !isIntended(process.env)) {
        reportWarning(`httptrace: ${NO_PROVIDER_HINT}`);
      }
    }).unref();
  }
}

/** Who measures without tracing, or has switched it off, knows what is missing. */
function isIntended({ OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER }: NodeJS.ProcessEnv): boolean {
  return hasMeterProvider() || OTEL_SDK_DISABLED === 'true' || OTEL_TRACES_EXPORTER === 'none';
}
