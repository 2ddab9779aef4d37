import { reportWarning } from '../diagnostics.js';
import type { HttpTraceInstrumentationConfig } from './types.js';

/** A copy of what the user gave. Never throws, though a getter of the user's may. */
export function readable(config: HttpTraceInstrumentationConfig): HttpTraceInstrumentationConfig {
  try {
    return { ...config };
  } catch (error) {
    reportWarning(
      'opentelemetry-instrumentation-httptrace: the config could not be read and is ignored',
      error,
    );
    return {};
  }
}

/** What does not say whether it is on must not look off: `registerInstrumentations` would switch it on. */
export function forRegistration(given: HttpTraceInstrumentationConfig): HttpTraceInstrumentationConfig {
  return { ...given, enabled: given.enabled !== false };
}
