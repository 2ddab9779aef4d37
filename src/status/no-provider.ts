import { reportWarning } from '../diagnostics.js';
import { hasMeterProvider, hasTracerProvider } from './providers.js';

/** Says what to do without a TracerProvider. */
export const NO_PROVIDER_HINT =
  'No TracerProvider is registered, so no span is recorded: start an OpenTelemetry SDK before the first request, or ' +
  'the program with `node --import opentelemetry-instrumentation-httptrace/register`, and look for ' +
  'OTEL_SDK_DISABLED and OTEL_TRACES_EXPORTER.';

let suspected = false;

/** Called when nobody made a span that was asked for. Warns once if there is no TracerProvider a moment later either. */
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

/** Whether the user wants no spans: metrics alone are set up, or tracing is switched off. */
function isIntended({ OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER }: NodeJS.ProcessEnv): boolean {
  return hasMeterProvider() || OTEL_SDK_DISABLED === 'true' || OTEL_TRACES_EXPORTER === 'none';
}
