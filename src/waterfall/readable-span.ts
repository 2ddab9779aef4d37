/** Seconds and nanoseconds since 1970. */
export type HrTime = readonly [number, number];

export interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly isRemote?: boolean;
}

export type AttributeBag = Readonly<Record<string, unknown>>;

export interface TimedEvent {
  readonly name: string;
  readonly time: HrTime;
  readonly attributes?: AttributeBag;
}

/**
 * What we read of a finished span. The `ReadableSpan` of OpenTelemetry's SDK 2.x and the one of 3.x have this shape. The
 * exporter depends on neither.
 */
export interface ReadableSpan {
  readonly name: string;
  readonly kind: number;
  readonly spanContext: () => SpanContext;
  readonly parentSpanContext?: SpanContext;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly status: { readonly code: number; readonly message?: string };
  readonly attributes: AttributeBag;
  readonly links: readonly { readonly context: SpanContext }[];
  readonly events: readonly TimedEvent[];
  readonly resource: { readonly attributes: AttributeBag };
}

/** Values of OpenTelemetry's `SpanKind` and `SpanStatusCode`. */
export const SPAN_KIND_INTERNAL = 0;
export const SPAN_KIND_SERVER = 1;
export const SPAN_KIND_CLIENT = 2;
export const STATUS_ERROR = 2;

/** The result that a span processor waits for: 0 for success, 1 for failure. */
export interface ExportResult {
  code: 0 | 1;
  error?: Error;
}

/** Milliseconds since 1970. */
export function toMs([seconds, nanoseconds]: HrTime): number {
  return seconds * 1_000 + nanoseconds / 1_000_000;
}

export function stringOf(attributes: AttributeBag | undefined, key: string): string | undefined {
  const value = attributes?.[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function numberOf(attributes: AttributeBag | undefined, key: string): number | undefined {
  const value = attributes?.[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function booleanOf(attributes: AttributeBag | undefined, key: string): boolean | undefined {
  const value = attributes?.[key];
  return typeof value === 'boolean' ? value : undefined;
}

export function stringsOf(attributes: AttributeBag | undefined, key: string): string[] {
  const value = attributes?.[key];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}
