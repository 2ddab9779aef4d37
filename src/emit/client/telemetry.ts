import type { Attributes, Context } from '@opentelemetry/api';
import { isSpanContextValid, SpanKind, trace } from '../../api.js';
import { epochAt, toHrTime } from '../../clock.js';
import type { ResolvedConfig } from '../../config/resolved.js';
import type { Origin } from '../../origin.js';
import { ClientRecord } from '../../recorder/client.js';
import { DialFactsRecord } from '../../recorder/dial-facts.js';
import type { ClientRecorders } from '../../registry.js';
import {
  ATTR_URL_TEMPLATE,
  METRIC_HTTP_CLIENT_CONNECTION_DURATION,
  METRIC_HTTP_CLIENT_OPEN_CONNECTIONS,
} from '../../semconv/semconv.js';
import type { Http2Request } from '../../source/http2/request.js';
import type { NodeHttpRequest } from '../../source/node/request.js';
import type { UndiciHttpRequest } from '../../source/undici/exchange.js';
import { type Counters, PARENTLESS, type RequestCounter } from '../../status/request-counter.js';
import { type RecordedMethod, unknownMethod } from '../http/method.js';
import { targetPath } from '../http/url.js';
import { safely } from '../safely.js';
import { SpanOnContext } from '../span-on-context.js';
import { startAttributes } from './attributes.js';
import { ConnectionMetrics } from './connection-metrics.js';
import { EnrichedSpan } from './enriched-span.js';
import { measureActive } from './measure.js';
import { requestedServer } from './requested-server.js';
import { type ClientOutputs, type ClientSettings, clientSettings } from './settings.js';
import { ClientSpan } from './span.js';
import type { ClientStart } from './start.js';
import { Http2RequestView } from './views/http2.js';
import { NodeRequestView } from './views/node.js';
import { UndiciRequestView } from './views/undici.js';
import type { ClientRequestView } from './views/view.js';

/** Begins the telemetry of outgoing requests under one config. */
export class ClientTelemetry implements ClientRecorders {
  readonly connections: ConnectionMetrics | undefined;
  readonly counters: Counters;
  private readonly settings: ClientSettings;

  constructor(config: ResolvedConfig, outputs: ClientOutputs) {
    this.settings = clientSettings(config, outputs);
    this.counters = outputs.counters;
    const { metrics, optInAttributes } = config;
    this.connections =
      metrics[METRIC_HTTP_CLIENT_OPEN_CONNECTIONS] || metrics[METRIC_HTTP_CLIENT_CONNECTION_DURATION]
        ? new ConnectionMetrics(outputs, optInAttributes)
        : undefined;
  }

  undici(request: UndiciHttpRequest, ctx: Context, at: number): ClientRecord | undefined {
    return this.begin(new UndiciRequestView(request), ctx, at, this.counters.undici);
  }

  node(request: NodeHttpRequest, ctx: Context, at: number): ClientRecord | undefined {
    return this.begin(new NodeRequestView(request), ctx, at, this.counters['node:http']);
  }

  http2(request: Http2Request, ctx: Context, at: number): ClientRecord | undefined {
    const counter = this.counters['node:http2'];
    if (request.headers.isGrpc && !this.grpc) {
      counter.ignored++;
      return undefined;
    }
    return this.begin(new Http2RequestView(request), ctx, at, counter);
  }

  get grpc(): boolean {
    return this.settings.config.grpc;
  }

  /** Records the request that the view shows; `undefined` if the config ignores it. */
  begin(
    view: ClientRequestView,
    ctx: Context,
    at: number,
    counter: RequestCounter,
  ): ClientRecord | undefined {
    const { settings } = this;
    const { origin, target, host } = view;
    const server =
      host === undefined && target.startsWith('/') ? origin : requestedServer(origin, target, host);
    if (settings.ignores && this.isIgnored(view, server)) {
      counter.ignored++;
      return undefined;
    }
    const method = settings.knownMethods.get(view.method) ?? unknownMethod(view.method);
    const start: ClientStart = {
      settings,
      instruments: settings.outputs.instruments,
      counter,
      view,
      epoch: epochAt(at),
      method: method.method,
      server,
      template: undefined,
    };
    return settings.config.span === 'create'
      ? this.record(start, method, ctx, at)
      : this.enrich(start, ctx, at);
  }

  private isIgnored(view: ClientRequestView, server: Origin): boolean {
    const { ignoreUrl, ignoreRequestHook } = this.settings.config;
    if (ignoreUrl?.(server.hostPort, targetPath(view.target) ?? '/')) {
      return true;
    }
    // What the program's hook returns may be anything.
    return (
      ignoreRequestHook !== undefined &&
      Boolean(safely('client.ignoreRequestHook', ignoreRequestHook, view.options))
    );
  }

  private record(start: ClientStart, method: RecordedMethod, ctx: Context, at: number): ClientRecord {
    const { settings, counter } = start;
    const { config, outputs } = settings;
    const attributes = startAttributes(start, method.original);
    if (config.startSpanHook !== undefined) {
      start.template = this.addHookAttributes(attributes, start.view);
    }
    const name = start.template === undefined ? method.spanName : `${method.spanName} ${start.template}`;
    const span =
      config.requireParentForSpans && !hasParent(ctx)
        ? PARENTLESS
        : outputs.tracer.startSpan(
            name,
            { kind: SpanKind.CLIENT, attributes, startTime: toHrTime(start.epoch, at) },
            ctx,
          );
    const context = new SpanOnContext(ctx, span);
    const clientSpan = new ClientSpan(start, span);
    clientSpan.introduce(context);
    if (settings.measuresActive) {
      measureActive(start, context, 1);
    }
    if (!span.isRecording()) {
      counter.countUnrecorded(span, ctx);
      return new ClientRecord(context, at, settings.askedUnrecorded, clientSpan);
    }
    counter.recorded++;
    return config.phases === 'linked-spans'
      ? new DialFactsRecord(context, at, settings.asked, clientSpan)
      : new ClientRecord(context, at, settings.asked, clientSpan);
  }

  /**
   * Adds the attributes that the program's hook gives a request.
   *
   * @returns The `url.template` among them; `undefined` if there is none.
   */
  private addHookAttributes(attributes: Attributes, view: ClientRequestView): string | undefined {
    const { startSpanHook } = this.settings.config;
    if (startSpanHook !== undefined) {
      const added = safely('client.startSpanHook', startSpanHook, view.options);
      safely('client.startSpanHook', addAll, attributes, added);
    }
    return templateOf(attributes);
  }

  /** Another instrumentation has the span already, or makes it before the request ends. See `offerSpan`. */
  private enrich(start: ClientStart, ctx: Context, at: number): ClientRecord {
    const { settings } = start;
    const span = new EnrichedSpan(start, undefined);
    if (settings.measuresActive) {
      measureActive(start, ctx, 1);
    }
    span.expect();
    return settings.config.phases === 'linked-spans'
      ? new DialFactsRecord(ctx, at, settings.asked, span)
      : new ClientRecord(ctx, at, settings.asked, span);
  }
}

/** A function of its own for `safely`: a getter among what the program gave may throw. */
function addAll(attributes: Attributes, added: Attributes | undefined): void {
  Object.assign(attributes, added);
}

function templateOf(attributes: Attributes): string | undefined {
  const template = attributes[ATTR_URL_TEMPLATE];
  return typeof template === 'string' && template !== '' ? template : undefined;
}

function hasParent(ctx: Context): boolean {
  const parent = trace.getSpanContext(ctx);
  return parent !== undefined && isSpanContextValid(parent);
}
