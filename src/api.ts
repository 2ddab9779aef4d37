import * as api from '@opentelemetry/api';

// Each request needs these parts of the API. They are read once here, because each read of the package's own exports is a
// lookup by hash and a call of a getter.

export const context: typeof api.context = api.context;
export const isSpanContextValid: typeof api.isSpanContextValid = api.isSpanContextValid;
export const propagation: typeof api.propagation = api.propagation;
export const ROOT_CONTEXT: api.Context = api.ROOT_CONTEXT;
export const SpanKind: typeof api.SpanKind = api.SpanKind;
export const SpanStatusCode: typeof api.SpanStatusCode = api.SpanStatusCode;
export const trace: typeof api.trace = api.trace;
