import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { afterEach, beforeEach } from 'vitest';

/** One call of `diag.error`: what it said, and what it said it of. */
export type ReportedError = readonly [message: string, error: unknown];

/** What goes to `diag.error` in each test, in its order. */
export function useReportedErrors(): readonly ReportedError[] {
  const reported: ReportedError[] = [];
  const ignore = () => undefined;
  const logger: DiagLogger = {
    error: (message, error) => reported.push([message, error]),
    warn: ignore,
    info: ignore,
    debug: ignore,
    verbose: ignore,
  };
  beforeEach(() => {
    reported.splice(0);
    diag.setLogger(logger, { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true });
  });
  afterEach(() => diag.disable());
  return reported;
}
