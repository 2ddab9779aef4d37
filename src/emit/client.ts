import {
  type Context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  propagation,
  type Span,
  SpanKind,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import { epochAt, toHrTime } from '../clock.js';
import type { ResolvedConfig } from '../config.js';
import { ClientRecord } from '../recorder/client.js';
import { DialFactsRecord } from '../recorder/dial-facts.js';
import type { ClientRecorders } from '../registry.js';
import type { UndiciRequest } from '../source/channels.js';
import { startAttributes } from './client-attributes.js';
import { type ClientRequestView, UndiciRequestView } from './client-request.js';
import { type ClientOutputs, type ClientSettings, clientSettings, NO_EVENTS } from './client-settings.js';
import { ClientSpan } from './client-span.js';
import type { RecordedMethod } from './method.js';
import { safely } from './safely.js';
import { type RequestedServer, requestedServer } from './server-address.js';
import { targetPath } from './url.js';

/** A header that is there already, from the caller or from another instrumentation, is never touched. */
const SETTER: TextMapSetter<ClientRequestView> = {
  set(view, name, value) {
    if (!view.hasHeader(name)) {
      view.addHeader(name, value);
    }
  },
};

/** Begins the telemetry of outgoing requests, by one config. */
export class ClientTelemetry implements ClientRecorders {
  private readonly settings: ClientSettings;

  constructor(config: ResolvedConfig, outputs: ClientOutputs) {
    this.settings = clientSettings(config, outputs);
  }

  undici(request: UndiciRequest, ctx: Context, at: number): ClientRecord | undefined {
    return this.begin(new UndiciRequestView(request), ctx, at);
  }

  private begin(view: ClientRequestView, ctx: Context, at: number): ClientRecord | undefined {
    const { settings } = this;
    const { config } = settings;
    const server = requestedServer(view.origin, view.target, view.host);
    if (
      config.ignoreUrl?.(server.hostPort, targetPath(view.target) ?? '/') === true ||
      (config.ignoreRequestHook !== undefined &&
        safely('client.ignoreRequestHook', config.ignoreRequestHook, view.options) === true)
    ) {
      return undefined;
    }
    const method = settings.recordMethod(view.method);
    const epoch = epochAt(at);
    const span = this.startSpan(view, method, server, ctx, epoch, at);
    const spanContext = trace.setSpan(ctx, span);
    if (config.requestHook !== undefined) {
      safely('client.requestHook', config.requestHook, span, view.request);
    }
    if (config.propagate === undefined || config.propagate(server.hostPort)) {
      propagation.inject(spanContext, view, SETTER);
    }
    const listener = new ClientSpan(settings, view, { span, epoch, method: method.method, server });
    const recording = span.isRecording();
    const Record = config.phases === 'spans' ? DialFactsRecord : ClientRecord;
    const record = new Record(spanContext, at, recording ? settings.events : NO_EVENTS, listener);
    if (recording && config.hooks.wroteHeaderField) {
      record.noteHeaderFields();
    }
    return record;
  }

  private startSpan(
    view: ClientRequestView,
    method: RecordedMethod,
    server: RequestedServer,
    ctx: Context,
    epoch: number,
    at: number,
  ): Span {
    const { settings } = this;
    const { config } = settings;
    if (config.requireParentForSpans && !hasParent(ctx)) {
      return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    }
    const attributes = startAttributes(view, method, server, settings);
    if (config.startSpanHook !== undefined) {
      Object.assign(attributes, safely('client.startSpanHook', config.startSpanHook, view.options));
    }
    return settings.outputs
      .tracer()
      .startSpan(method.spanName, { kind: SpanKind.CLIENT, attributes, startTime: toHrTime(epoch, at) }, ctx);
  }
}

function hasParent(ctx: Context): boolean {
  const parent = trace.getSpanContext(ctx);
  return parent !== undefined && isSpanContextValid(parent);
}
