import type { Tracer } from '@opentelemetry/api';
import type { ResolvedClientConfig, ResolvedConfig } from '../../config/resolved.js';
import type { Phases } from '../../config/types.js';
import { CLIENT_TRACE_HOOKS } from '../../httptrace/compose.js';
import type { Asked, NotedHooks } from '../../recorder/client-facts.js';
import {
  ATTR_HTTP_REQUEST_BODY_SIZE,
  ATTR_HTTP_RESPONSE_BODY_SIZE,
  METRIC_HTTP_CLIENT_ACTIVE_REQUESTS,
  METRIC_HTTP_CLIENT_REQUEST_BODY_SIZE,
  METRIC_HTTP_CLIENT_REQUEST_TIME_IN_QUEUE,
  METRIC_HTTP_CLIENT_RESPONSE_BODY_SIZE,
  METRIC_HTTPTRACE_CLIENT_PHASE_DURATION,
  type Phase,
} from '../../semconv/semconv.js';
import type { Counters } from '../../status/request-counter.js';
import { SERVER_CERTIFICATE_ATTRIBUTES } from '../http/certificate.js';
import { compileHeaderCapture, type HeaderCapture } from '../http/headers.js';
import { compileKnownMethods, type KnownMethods } from '../http/method.js';
import { compileRedactedQueryParams, type RedactedQueryParams } from '../http/redaction.js';
import type { Instruments } from '../instruments.js';

/** Where the telemetry of a client goes. Read it at each use, because a provider may be set late. */
export interface ClientOutputs {
  readonly tracer: Tracer;
  readonly instruments: Instruments;
  readonly counters: Counters;
}

/** A client's config, prepared once for all requests. */
export interface ClientSettings {
  readonly config: ResolvedClientConfig;
  readonly outputs: ClientOutputs;
  readonly knownMethods: KnownMethods;
  readonly redactedQueryParams: RedactedQueryParams;
  readonly requestHeaders: HeaderCapture | undefined;
  readonly responseHeaders: HeaderCapture | undefined;
  /** Whether some requests are left out. */
  readonly ignores: boolean;
  /** What is asked of the record of a request whose span is recorded. */
  readonly asked: Asked;
  /** What is asked of the record of any other request, for its metrics and the hooks of the config. */
  readonly askedUnrecorded: Asked;
  /** The duration of a phase is recorded if one of its two hooks is. */
  readonly durations: Readonly<Record<Phase, boolean>>;
  readonly optIn: ReadonlySet<string>;
  /** Whether the span carries the sizes of the bodies. */
  readonly countsBodies: boolean;
  readonly measuresActive: boolean;
  readonly measuresQueue: boolean;
  readonly measuresBodies: boolean;
  readonly measuresPhases: boolean;
  readonly metricAttributesHook: ResolvedConfig['metricAttributesHook'];
}

/** No hook leaves a fact behind. */
const NO_FACTS = Object.fromEntries(CLIENT_TRACE_HOOKS.map((hook) => [hook, false])) as NotedHooks;

/**
 * The facts that each value of `phases` needs. The span of a phase needs both ends of the phase, whichever hook asked for
 * it. The spans of `linked-spans`, which are .NET's, replace the events up to the connection and none after.
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

/** Prepares the config of a client. Called once for each config. */
export function clientSettings(config: ResolvedConfig, outputs: ClientOutputs): ClientSettings {
  const { client, metrics, optInAttributes: optIn } = config;
  const { hooks, redactedHeaders } = client;
  const requestHeaders = compileHeaderCapture('request', client.requestHeaders, redactedHeaders);
  const responseHeaders = compileHeaderCapture('response', client.responseHeaders, redactedHeaders);
  const countsBodies = optIn.has(ATTR_HTTP_REQUEST_BODY_SIZE) || optIn.has(ATTR_HTTP_RESPONSE_BODY_SIZE);
  const measuresBodies =
    metrics[METRIC_HTTP_CLIENT_REQUEST_BODY_SIZE] || metrics[METRIC_HTTP_CLIENT_RESPONSE_BODY_SIZE];
  const measuresQueue = metrics[METRIC_HTTP_CLIENT_REQUEST_TIME_IN_QUEUE];
  const answersHook = client.responseHook !== undefined;
  return {
    config: client,
    outputs,
    knownMethods: compileKnownMethods([...config.knownMethods]),
    redactedQueryParams: compileRedactedQueryParams([...client.redactedQueryParams]),
    requestHeaders,
    responseHeaders,
    ignores: client.ignoreUrl !== undefined || client.ignoreRequestHook !== undefined,
    asked: {
      ...NOTED_FOR[client.phases](hooks),
      bodySizes: countsBodies || measuresBodies,
      certificate: SERVER_CERTIFICATE_ATTRIBUTES.some((name) => optIn.has(name)),
      headerFields: hooks.wroteHeaderField,
      sent: requestHeaders !== undefined || measuresQueue,
      response: responseHeaders !== undefined || answersHook,
    },
    askedUnrecorded: {
      ...NO_FACTS,
      bodySizes: measuresBodies,
      sent: measuresQueue,
      response: answersHook,
    },
    durations: {
      getconn: hooks.getConn || hooks.gotConn,
      dns: hooks.dnsStart || hooks.dnsDone,
      connect: hooks.connectStart || hooks.connectDone,
      tls: hooks.tlsHandshakeStart || hooks.tlsHandshakeDone,
      send: hooks.wroteHeaders || hooks.wroteRequest,
      wait: hooks.wroteRequest || hooks.gotFirstResponseByte,
      receive: hooks.gotFirstResponseByte || hooks.putIdleConn,
    },
    optIn,
    countsBodies,
    measuresActive: metrics[METRIC_HTTP_CLIENT_ACTIVE_REQUESTS],
    measuresQueue,
    measuresBodies,
    measuresPhases: metrics[METRIC_HTTPTRACE_CLIENT_PHASE_DURATION],
    metricAttributesHook: config.metricAttributesHook,
  };
}
