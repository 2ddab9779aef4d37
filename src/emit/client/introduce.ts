import type { Context, Span, TextMapSetter } from '@opentelemetry/api';
import { propagation } from '../../api.js';
import { safely } from '../safely.js';
import type { ClientStart } from './start.js';
import type { ClientRequestView } from './views/view.js';

/** The headers of a request that trace headers are written to. */
interface Carrier {
  readonly view: ClientRequestView;
  /** Whether the caller, or another instrumentation, has said already which trace it is. */
  readonly traced: boolean;
}

/** A header that is there already is never touched, and what belongs to another `traceparent` is not added to it. */
const SETTER: TextMapSetter<Carrier> = {
  set({ view, traced }, name, value) {
    if (!view.hasHeader(name) && !(traced && name === 'tracestate')) {
      view.addHeader(name, value);
    }
  },
};

/**
 * Shows a request to the program's hook, and writes on it which trace it belongs to: each as soon as it can be done,
 * before it is sent.
 */
export function introduce({ settings, view, server }: ClientStart, span: Span, ctx: Context): void {
  const { requestHook, propagate } = settings.config;
  if (requestHook !== undefined && view.isMade) {
    safely('client.requestHook', requestHook, span, view.request);
  }
  if (view.takesHeaders && (propagate === undefined || propagate(server.hostPort))) {
    propagation.inject(ctx, { view, traced: view.hasHeader('traceparent') }, SETTER);
  }
}
