import type { Tracer } from '@opentelemetry/api';
import type { ResolvedClientConfig, ResolvedConfig } from '../../config/resolved.js';
import type { Phases } from '../../config/types.js';
import { CLIENT_TRACE_HOOKS } from '../../httptrace/compose.js';
import type { NotedHooks } from '../../recorder/client-facts.js';
import {
  ATTR_HTTP_REQUEST_BODY_SIZE,
  ATTR_HTTP_RESPONSE_BODY_SIZE,
  METRIC_HTTP_CLIENT_REQUEST_BODY_SIZE,
  METRIC_HTTP_CLIENT_RESPONSE_BODY_SIZE,
  METRIC_HTTPTRACE_CLIENT_PHASE_DURATION,
  type Phase,
} from '../../semconv/semconv.js';
import type { Counters } from '../../status/request-counter.js';
import { SERVER_CERTIFICATE_ATTRIBUTES } from '../http/certificate.js';
import { compileHeaderCapture, type HeaderCapture } from '../http/headers.js';
import { compileKnownMethods, type RecordMethod } from '../http/method.js';
import { compileRedactedQueryParams, type RedactedQueryParams } from '../http/redaction.js';
import type { Instruments } from '../instruments.js';

/** Where the telemetry of a client goes. */
export interface ClientOutputs {
  readonly tracer: () => Tracer;
  /** Anew for each use, for a MeterProvider may be set late. */
  readonly instruments: () => Instruments;
  readonly counters: Counters;
}

/** A client's config, made ready once for all requests. */
export interface ClientSettings {
  readonly config: ResolvedClientConfig;
  readonly outputs: ClientOutputs;
  readonly recordMethod: RecordMethod;
  readonly redactedQueryParams: RedactedQueryParams;
  readonly requestHeaders: HeaderCapture | undefined;
  readonly responseHeaders: HeaderCapture | undefined;
  /** Hooks of which a request keeps the facts. */
  readonly noted: NotedHooks;
  /** Phases whose duration is recorded: one of its two hooks is. */
  readonly durations: Readonly<Record<Phase, boolean>>;
  readonly optIn: ReadonlySet<string>;
  /** Whether one of these comes from the server's certificate. */
  readonly readsCertificate: boolean;
  /** Whether the span says how large the bodies were. */
  readonly countsBodies: boolean;
  readonly measuresBodies: boolean;
  readonly measuresPhases: boolean;
  readonly metricAttributesHook: ResolvedConfig['metricAttributesHook'];
}

/** What is noted of a request that nobody wants to know the facts of. */
export const NO_FACTS = Object.fromEntries(CLIENT_TRACE_HOOKS.map((hook) => [hook, false])) as NotedHooks;

/**
 * The facts that each form needs. A span for each phase needs both of its ends, whichever hook asked for it. .NET's spans
 * take the place of the events up to the connection; it has none for what comes after.
 */
const NOTED_FOR: Readonly<Record<Phases, (hooks: NotedHooks) => NotedHooks>> = {
  events: (hooks) => hooks,
  spans: (hooks) => ({
    ...NO_FACTS,
    dnsStart: hooks.dnsStart || hooks.dnsDone,
    dnsDone: hooks.dnsStart || hooks.dnsDone,
    connectStart: hooks.connectStart || hooks.connectDone,
    connectDone: hooks.connectStart || hooks.connectDone,
    tlsHandshakeStart: hooks.tlsHandshakeStart || hooks.tlsHandshakeDone,
    tlsHandshakeDone: hooks.tlsHandshakeStart || hooks.tlsHandshakeDone,
    wait100Continue: hooks.wait100Continue,
    got100Continue: hooks.got100Continue,
    got1xxResponse: hooks.got1xxResponse,
  }),
  'linked-spans': (hooks) => ({
    ...hooks,
    getConn: false,
    gotConn: false,
    dnsStart: false,
    dnsDone: false,
    connectStart: false,
    connectDone: false,
    tlsHandshakeStart: false,
    tlsHandshakeDone: false,
  }),
  attributes: () => NO_FACTS,
};

export function clientSettings(config: ResolvedConfig, outputs: ClientOutputs): ClientSettings {
  const { client, optInAttributes } = config;
  const { hooks } = client;
  return {
    config: client,
    outputs,
    recordMethod: compileKnownMethods([...config.knownMethods]),
    redactedQueryParams: compileRedactedQueryParams([...client.redactedQueryParams]),
    requestHeaders: compileHeaderCapture('request', client.requestHeaders, client.redactedHeaders),
    responseHeaders: compileHeaderCapture('response', client.responseHeaders, client.redactedHeaders),
    noted: NOTED_FOR[client.phases](hooks),
    durations: {
      getconn: hooks.getConn || hooks.gotConn,
      dns: hooks.dnsStart || hooks.dnsDone,
      connect: hooks.connectStart || hooks.connectDone,
      tls: hooks.tlsHandshakeStart || hooks.tlsHandshakeDone,
      send: hooks.wroteHeaders || hooks.wroteRequest,
      wait: hooks.wroteRequest || hooks.gotFirstResponseByte,
      receive: hooks.gotFirstResponseByte || hooks.putIdleConn,
    },
    optIn: optInAttributes,
    readsCertificate: SERVER_CERTIFICATE_ATTRIBUTES.some((name) => optInAttributes.has(name)),
    countsBodies:
      optInAttributes.has(ATTR_HTTP_REQUEST_BODY_SIZE) || optInAttributes.has(ATTR_HTTP_RESPONSE_BODY_SIZE),
    measuresBodies:
      config.metrics[METRIC_HTTP_CLIENT_REQUEST_BODY_SIZE] ||
      config.metrics[METRIC_HTTP_CLIENT_RESPONSE_BODY_SIZE],
    measuresPhases: config.metrics[METRIC_HTTPTRACE_CLIENT_PHASE_DURATION],
    metricAttributesHook: config.metricAttributesHook,
  };
}
