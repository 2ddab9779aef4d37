import { createContextKey, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { SpanOnContext } from '../../src/emit/span-on-context.js';

const KEY = createContextKey('test');
const OUTER = spanOf('a'.repeat(16));
const INNER = spanOf('b'.repeat(16));
const PARENT = trace.setSpan(ROOT_CONTEXT.setValue(KEY, 'kept'), OUTER);

function spanOf(spanId: string) {
  return trace.wrapSpanContext({ traceId: 'c'.repeat(32), spanId, traceFlags: 1 });
}

describe('SpanOnContext', () => {
  it('has its span, and all else of its parent', () => {
    const ctx = new SpanOnContext(PARENT, INNER);
    expect([trace.getSpan(ctx), ctx.getValue(KEY)]).toEqual([INNER, 'kept']);
  });

  it("has its parent's span without one of its own", () => {
    expect(trace.getSpan(new SpanOnContext(PARENT, undefined))).toBe(OUTER);
  });

  it('is not changed by what is set on it', () => {
    const ctx = new SpanOnContext(PARENT, INNER);
    const changed = trace.setSpan(ctx, OUTER).setValue(KEY, 'new');
    expect([trace.getSpan(ctx), ctx.getValue(KEY)]).toEqual([INNER, 'kept']);
    expect([trace.getSpan(changed), changed.getValue(KEY)]).toEqual([OUTER, 'new']);
  });

  it('hands on its span with another value', () => {
    const changed = new SpanOnContext(PARENT, INNER).setValue(KEY, 'new');
    expect([trace.getSpan(changed), changed.getValue(KEY)]).toEqual([INNER, 'new']);
  });

  it('can lose its span, and then has none', () => {
    expect(trace.getSpan(trace.deleteSpan(new SpanOnContext(PARENT, INNER)))).toBeUndefined();
    expect(trace.getSpan(trace.deleteSpan(new SpanOnContext(PARENT, undefined)))).toBeUndefined();
  });
});
