import type { Context, Span, SpanOptions, TextMapGetter } from '@opentelemetry/api';
import { context, isSpanContextValid, propagation, ROOT_CONTEXT, SpanKind, trace } from '../../api.js';
import { epochAt, now, toHrTime } from '../../clock.js';
import type { ResolvedConfig } from '../../config/resolved.js';
import { reportError } from '../../diagnostics.js';
import { isSuppressed } from '../../httptrace/context.js';
import { ServerRecord } from '../../recorder/server.js';
import type { TellHandshake } from '../../source/server/tls-handshakes.js';
import type { ServedRequest, ServedResponse, ServerTrace } from '../../source/server/trace.js';
import { type Counters, PARENTLESS } from '../../status/request-counter.js';
import { awaitSpan } from '../existing-spans.js';
import { unknownMethod } from '../http/method.js';
import { targetPath } from '../http/url.js';
import { safely } from '../safely.js';
import { SpanOnContext } from '../span-on-context.js';
import { connectionOf, networkAttributes, serverStartAttributes } from './attributes.js';
import { activeRpcMetadata, contextOfCaller, rpcMetadata, ServedContext, suppressed } from './context.js';
import { emitHandshake } from './handshake.js';
import { measureActive } from './measure.js';
import { ServerRequestTrace } from './request.js';
import { type ServerOutputs, type ServerSettings, serverSettings, unmeasured } from './settings.js';
import type { ServedStart } from './start.js';

/** As the API's own, with the usual names written out: a look-up under a varying one takes 100 instructions more. */
const RECEIVED: TextMapGetter<ServedRequest['headers']> = {
  get(headers, name) {
    switch (name) {
      case 'traceparent':
        return headers.traceparent;
      case 'tracestate':
        return headers.tracestate;
      case 'baggage':
        return headers.baggage;
      default:
        return headers[name];
    }
  },
  keys: (headers) => Object.keys(headers),
};

/** Begins the telemetry of incoming requests, by one config. */
export class ServerTelemetry {
  readonly counters: Counters;
  readonly tellHandshake: TellHandshake | undefined;
  private readonly settings: ServerSettings;
  private readonly ignored: ServerSettings;

  constructor(config: ResolvedConfig, outputs: ServerOutputs) {
    this.settings = serverSettings(config, outputs);
    this.counters = outputs.counters;
    this.tellHandshake =
      config.client.phases === 'linked-spans'
        ? (handshake) => safely('a span of a handshake', emitHandshake, outputs.tracer, handshake)
        : undefined;
    this.ignored = unmeasured(this.settings);
  }

  /** @returns `undefined` if the request is to leave no trace. Never throws. */
  begin(request: ServedRequest, response: ServedResponse | undefined): ServerTrace | undefined {
    try {
      // Most requests arrive in no context: then there is nothing in it to look for.
      const active = context.active();
      if (active !== ROOT_CONTEXT && isSuppressed(active)) {
        this.counters.servers.suppressed++;
        return undefined;
      }
      if (this.settings.ignoresAny && this.isIgnored(request)) {
        this.counters.servers.ignored++;
        return this.ignore(request, response, active);
      }
      return this.settings.config.span === 'existing'
        ? this.enrich(request, response, active)
        : this.record(request, response, active);
    } catch (error) {
      reportError('httptrace: an incoming request could not be recorded; it goes on', error);
      return undefined;
    }
  }

  private isIgnored(request: ServedRequest): boolean {
    const { ignorePath, ignoreHost, ignoreRequestHook } = this.settings.config;
    if (ignorePath !== undefined) {
      const target = request.url ?? '';
      if (ignorePath(targetPath(target) ?? target)) {
        return true;
      }
    }
    if (ignoreHost !== undefined) {
      const host = request.headers[':authority'] ?? request.headers.host;
      if (typeof host === 'string' && ignoreHost(host)) {
        return true;
      }
    }
    return (
      ignoreRequestHook !== undefined &&
      Boolean(safely('server.ignoreRequestHook', ignoreRequestHook, request))
    );
  }

  /** What happens in an ignored request is not traced either: it would be a trace of its own. */
  private ignore(request: ServedRequest, response: ServedResponse | undefined, active: Context): ServerTrace {
    const start: ServedStart = {
      settings: this.ignored,
      instruments: {},
      request,
      response,
      context: suppressed(active),
      epoch: 0,
      attributes: {},
      spanName: '',
      metadata: {},
      ownsSpan: true,
    };
    return new ServerRequestTrace(start, new ServerRecord(now()), this.ignored.unrecorded, undefined);
  }

  /** Another instrumentation has the span, or will have it before the program's listeners run: see `offerSpan`. */
  private enrich(request: ServedRequest, response: ServedResponse | undefined, active: Context): ServerTrace {
    const { settings } = this;
    const at = now();
    const method = settings.knownMethods.get(request.method ?? '') ?? unknownMethod(request.method ?? '');
    const start: ServedStart = {
      settings,
      instruments: settings.outputs.instruments,
      request,
      response,
      context: active,
      epoch: epochAt(at),
      attributes: serverStartAttributes(request, method, connectionOf(request), settings),
      spanName: method.spanName,
      metadata: activeRpcMetadata(active) ?? {},
      ownsSpan: false,
    };
    countActive(start);
    const traced = new ServerRequestTrace(start, new ServerRecord(at), settings.recorded, undefined);
    awaitSpan(request, traced);
    return traced;
  }

  private record(request: ServedRequest, response: ServedResponse | undefined, active: Context): ServerTrace {
    const { settings } = this;
    const { config, outputs } = settings;
    const at = now();
    const epoch = epochAt(at);
    const method = settings.knownMethods.get(request.method ?? '') ?? unknownMethod(request.method ?? '');
    const connection = connectionOf(request);
    const caller = active === ROOT_CONTEXT ? active : contextOfCaller(active);
    const parent = propagation.extract(new SpanOnContext(caller, undefined), request.headers, RECEIVED);
    const attributes = serverStartAttributes(request, method, connection, settings);
    const options: SpanOptions = { kind: SpanKind.SERVER, attributes, startTime: toHrTime(epoch, at) };
    const span =
      config.requireParentForSpans || config.startSpanHook !== undefined
        ? this.startSpan(method.spanName, options, parent, request)
        : outputs.tracer.startSpan(method.spanName, options, parent);
    const isRecorded = span.isRecording();
    if (isRecorded) {
      span.setAttributes(networkAttributes(request, connection));
      this.counters.servers.recorded++;
    } else {
      this.counters.servers.countCreated(span, parent);
    }
    const metadata = rpcMetadata(span, active);
    const start: ServedStart = {
      settings,
      instruments: outputs.instruments,
      request,
      response,
      context: new ServedContext(parent, span, metadata),
      epoch,
      attributes,
      spanName: method.spanName,
      metadata,
      ownsSpan: true,
    };
    if (settings.measuresActive) {
      countActive(start);
    }
    if (config.requestHook !== undefined || config.responseHook !== undefined) {
      this.runHooks(start, span);
    }
    const counted = isRecorded ? settings.recorded : settings.unrecorded;
    return new ServerRequestTrace(start, new ServerRecord(at), counted, span);
  }

  /** As the config wants it. */
  private startSpan(name: string, options: SpanOptions, parent: Context, request: ServedRequest): Span {
    const { config, outputs } = this.settings;
    if (config.requireParentForSpans && !hasSpan(parent)) {
      return PARENTLESS;
    }
    const { startSpanHook } = config;
    if (startSpanHook !== undefined) {
      const added = safely('server.startSpanHook', startSpanHook, request);
      options.attributes = { ...options.attributes, ...added };
    }
    return outputs.tracer.startSpan(name, options, parent);
  }

  /** Both before the program's listeners, and in the request's context: as in `@opentelemetry/instrumentation-http`. */
  private runHooks({ request, response, context: ctx }: ServedStart, span: Span): void {
    const { requestHook, responseHook } = this.settings.config;
    if (requestHook !== undefined) {
      context.with(ctx, () => safely('server.requestHook', requestHook, span, request));
    }
    if (responseHook !== undefined && response !== undefined) {
      context.with(ctx, () => safely('server.responseHook', responseHook, span, response));
    }
  }
}

/** Before anything else may fail: what is counted here is taken off at the end. */
function countActive(start: ServedStart): void {
  safely('a metric', measureActive, start, 1);
}

function hasSpan(ctx: Context): boolean {
  const parent = trace.getSpanContext(ctx);
  return parent !== undefined && isSpanContextValid(parent);
}
