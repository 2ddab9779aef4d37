import type { Tracer } from '@opentelemetry/api';
import type { ResolvedConfig, ResolvedServerConfig } from '../../config/resolved.js';
import {
  ATTR_HTTP_REQUEST_BODY_SIZE,
  METRIC_HTTP_SERVER_ACTIVE_REQUESTS,
  METRIC_HTTP_SERVER_REQUEST_BODY_SIZE,
  METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE,
  METRIC_HTTPTRACE_SERVER_FIRST_BYTE_DURATION,
} from '../../semconv/semconv.js';
import type { Counters } from '../../status/request-counter.js';
import { compileHeaderCapture, type HeaderCapture } from '../http/headers.js';
import { compileKnownMethods, type KnownMethods } from '../http/method.js';
import { compileRedactedQueryParams, type RedactedQueryParams } from '../http/redaction.js';
import type { Instruments } from '../instruments.js';

/** Where the telemetry of a server goes. To be read at each use: a provider may be set late. */
export interface ServerOutputs {
  readonly tracer: Tracer;
  readonly instruments: Instruments;
  readonly counters: Counters;
}

/** Whose bodies are counted. */
export interface CountedBodies {
  readonly request: boolean;
  readonly response: boolean;
}

/** A server's config, made ready once for all requests. */
export interface ServerSettings {
  readonly config: ResolvedServerConfig;
  readonly outputs: ServerOutputs;
  readonly knownMethods: KnownMethods;
  readonly redactedQueryParams: RedactedQueryParams;
  readonly requestHeaders: HeaderCapture | undefined;
  readonly responseHeaders: HeaderCapture | undefined;
  readonly optIn: ReadonlySet<string>;
  /** What is counted for a span that is recorded, and for one that is not. */
  readonly recorded: CountedBodies;
  readonly unrecorded: CountedBodies;
  /** Whether any request is left out. */
  readonly ignoresAny: boolean;
  /** Whether the span says how large the response was. */
  readonly countsBody: boolean;
  /** Which metrics are on, beside the duration. */
  readonly measuresActive: boolean;
  readonly measuresHead: boolean;
  readonly measuresBodies: boolean;
  readonly metricAttributesHook: ResolvedConfig['metricAttributesHook'];
}

export function serverSettings(config: ResolvedConfig, outputs: ServerOutputs): ServerSettings {
  const { server, optInAttributes, metrics } = config;
  const { hooks } = server;
  const countsBody = hooks.write || hooks.end;
  const unrecorded: CountedBodies = {
    request: metrics[METRIC_HTTP_SERVER_REQUEST_BODY_SIZE],
    response: metrics[METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE],
  };
  return {
    config: server,
    outputs,
    knownMethods: compileKnownMethods([...config.knownMethods]),
    redactedQueryParams: compileRedactedQueryParams([...server.redactedQueryParams]),
    requestHeaders: compileHeaderCapture('request', server.requestHeaders, server.redactedHeaders),
    responseHeaders: compileHeaderCapture('response', server.responseHeaders, server.redactedHeaders),
    optIn: optInAttributes,
    recorded: {
      request: optInAttributes.has(ATTR_HTTP_REQUEST_BODY_SIZE) || unrecorded.request,
      response: countsBody || unrecorded.response,
    },
    unrecorded,
    ignoresAny:
      server.ignorePath !== undefined ||
      server.ignoreHost !== undefined ||
      server.ignoreRequestHook !== undefined,
    countsBody,
    measuresActive: metrics[METRIC_HTTP_SERVER_ACTIVE_REQUESTS],
    measuresHead: metrics[METRIC_HTTPTRACE_SERVER_FIRST_BYTE_DURATION],
    measuresBodies: unrecorded.request || unrecorded.response,
    metricAttributesHook: config.metricAttributesHook,
  };
}

const NO_BODIES: CountedBodies = { request: false, response: false };

/** For requests that the config ignores. */
export function unmeasured(settings: ServerSettings): ServerSettings {
  return {
    ...settings,
    unrecorded: NO_BODIES,
  };
}
