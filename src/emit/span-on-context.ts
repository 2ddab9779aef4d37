import { type Context, INVALID_SPAN_CONTEXT, type Span } from '@opentelemetry/api';
import { trace } from '../api.js';

/** The key under which the API keeps a span. The API shows it to any context that a span is set on. */
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
 * The context that `trace.setSpan` would make, for less. The API's own contexts copy all their values whenever one is set.
 * This one copies them only when something else than a span is set on it.
 */
export class SpanOnContext implements Context {
  protected readonly parent: Context;
  private readonly span: Span | undefined;

  /** @param span The span of this context; `undefined` keeps the parent's. */
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
