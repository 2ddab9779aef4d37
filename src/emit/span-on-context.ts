import { type Context, INVALID_SPAN_CONTEXT, type Span, trace } from '@opentelemetry/api';

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
 * this one when something is set on it.
 */
export class SpanOnContext implements Context {
  protected readonly parent: Context;
  protected readonly span: Span;

  constructor(parent: Context, span: Span) {
    this.parent = parent;
    this.span = span;
  }

  getValue(key: symbol): unknown {
    return key === SPAN ? this.span : this.parent.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return this.copy().setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return this.copy().deleteValue(key);
  }

  protected copy(): Context {
    return trace.setSpan(this.parent, this.span);
  }
}
