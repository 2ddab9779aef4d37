import { reportWarning } from '../diagnostics.js';
import type { HttpTraceInstrumentationConfig } from './types.js';

/** A copy of the user's config. Never throws, even if a getter of the user's does. */
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

/**
 * The config with `enabled` set. `registerInstrumentations` enables an instance whose config does not say `true`, so an
 * absent value becomes `true`.
 */
export function forRegistration(given: HttpTraceInstrumentationConfig): HttpTraceInstrumentationConfig {
  return { ...given, enabled: given.enabled !== false };
}
