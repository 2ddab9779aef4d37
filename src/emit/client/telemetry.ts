import type { Attributes, Context, HrTime, Span } from '@opentelemetry/api';
import { isSpanContextValid, SpanKind, trace } from '../../api.js';
import { epochAt, toHrTime } from '../../clock.js';
import type { ResolvedConfig } from '../../config/resolved.js';
import type { Origin } from '../../origin.js';
import { ClientRecord } from '../../recorder/client.js';
import type { NotedHooks } from '../../recorder/client-facts.js';
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
import type { RecordedMethod } from '../http/method.js';
import { targetPath } from '../http/url.js';
import { safely } from '../safely.js';
import { SpanOnContext } from '../span-on-context.js';
import { startAttributes } from './attributes.js';
import { ConnectionMetrics } from './connection-metrics.js';
import { EnrichedSpan } from './enriched-span.js';
import { introduce } from './introduce.js';
import { measureActive } from './measure.js';
import { requestedServer } from './requested-server.js';
import { type ClientOutputs, type ClientSettings, clientSettings, NO_FACTS } from './settings.js';
import { ClientSpan } from './span.js';
import type { ClientStart } from './start.js';
import { Http2RequestView } from './views/http2.js';
import { NodeRequestView } from './views/node.js';
import { UndiciRequestView } from './views/undici.js';
import type { ClientRequestView } from './views/view.js';

/** Begins the telemetry of outgoing requests, by one config. */
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
        ? new ConnectionMetrics(outputs.instruments, optInAttributes)
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

  /** Records a request of whichever client the view is made for. */
  begin(
    view: ClientRequestView,
    ctx: Context,
    at: number,
    counter: RequestCounter,
  ): ClientRecord | undefined {
    const { settings } = this;
    const { config } = settings;
    const server = requestedServer(view.origin, view.target, view.host);
    if (
      config.ignoreUrl?.(server.hostPort, targetPath(view.target) ?? '/') === true ||
      (config.ignoreRequestHook !== undefined &&
        safely('client.ignoreRequestHook', config.ignoreRequestHook, view.options))
    ) {
      counter.ignored++;
      return undefined;
    }
    const method = settings.recordMethod(view.method);
    const epoch = epochAt(at);
    const instruments = settings.outputs.instruments();
    if (config.span === 'existing') {
      return this.enrich(
        { settings, instruments, counter, view, epoch, method: method.method, server, template: undefined },
        ctx,
        at,
      );
    }
    const attributes = this.attributesOf(view, method, server);
    const template = templateOf(attributes);
    const start = { settings, instruments, counter, view, epoch, method: method.method, server, template };
    const name = template === undefined ? method.spanName : `${method.spanName} ${template}`;
    return this.record(start, this.startSpan(name, attributes, ctx, toHrTime(epoch, at)), ctx, at);
  }

  private record(start: ClientStart, span: Span, ctx: Context, at: number): ClientRecord {
    const { settings, counter } = start;
    const spanContext = new SpanOnContext(ctx, span);
    introduce(start, span, spanContext);
    measureActive(start, spanContext, 1);
    const noted = counter.countCreated(span, ctx) ? settings.noted : NO_FACTS;
    return this.newRecord(spanContext, at, noted, new ClientSpan(start, span));
  }

  /** Another instrumentation has the span, or will have it before the request ends: see `offerSpan`. */
  private enrich(start: ClientStart, ctx: Context, at: number): ClientRecord {
    const span = new EnrichedSpan(start, undefined);
    measureActive(start, ctx, 1);
    span.expect();
    return this.newRecord(ctx, at, this.settings.noted, span);
  }

  private newRecord(ctx: Context, at: number, noted: NotedHooks, span: ClientSpan): ClientRecord {
    const { countsBodies, measuresBodies, readsCertificate } = this.settings;
    const { phases, hooks } = this.settings.config;
    // Phases exist only in a request that is recorded.
    const Record = phases === 'linked-spans' && noted !== NO_FACTS ? DialFactsRecord : ClientRecord;
    const record = new Record(ctx, at, noted, span);
    if (hooks.wroteHeaderField) {
      record.noteHeaderFields();
    }
    record.countsBodies = countsBodies || measuresBodies;
    record.readsCertificate = readsCertificate;
    return record;
  }

  private attributesOf(view: ClientRequestView, method: RecordedMethod, server: Origin): Attributes {
    const attributes = startAttributes(view, method, server, this.settings);
    const { startSpanHook } = this.settings.config;
    if (startSpanHook !== undefined) {
      const added = safely('client.startSpanHook', startSpanHook, view.options);
      safely('client.startSpanHook', addAll, attributes, added);
    }
    return attributes;
  }

  private startSpan(name: string, attributes: Attributes, ctx: Context, startTime: HrTime): Span {
    const { config, outputs } = this.settings;
    if (config.requireParentForSpans && !hasParent(ctx)) {
      return PARENTLESS;
    }
    return outputs.tracer().startSpan(name, { kind: SpanKind.CLIENT, attributes, startTime }, ctx);
  }
}

/** Reading what the user gave may fail as well. */
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
