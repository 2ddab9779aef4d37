import { type Context, INVALID_SPAN_CONTEXT, type Span } from '@opentelemetry/api';
import { trace } from '../api.js';

/** The key that the API keeps a span under, as it shows it to any context. */
const SPAN = keyOf((ctx) => trace.setSpan(ctx, trace.wrapSpanContext(INVALID_SPAN_CONTEXT)));

function keyOf(set: (ctx: Context) => Context): symbol | undefined {
  let used: symbol | undefined;
  const asked: Context = {
    getValue: () => undefined,
    setValue(key) {
      used = key;
      return asked;
    },
    deleteValue: () => asked,
  };
  set(asked);
  return used;
}

/**
 * What `trace.setSpan` makes, for less: the API's own contexts copy all their values for each one that is set, and
 * this one only when something else than a span is set on it.
 */
export class SpanOnContext implements Context {
  protected readonly parent: Context;
  private readonly span: Span | undefined;

  /** @param span `undefined`: that of the parent, until one is set. */
  constructor(parent: Context, span: Span | undefined) {
    this.parent = parent;
    this.span = span;
  }

  getValue(key: symbol): unknown {
    return key === SPAN && this.span !== undefined ? this.span : this.parent.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return key === SPAN ? this.withSpan(value as Span) : this.copy().setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return this.copy().deleteValue(key);
  }

  protected withSpan(span: Span): Context {
    return new SpanOnContext(this.parent, span);
  }

  protected copy(): Context {
    return this.span === undefined ? this.parent : trace.setSpan(this.parent, this.span);
  }
}
