import {
  METRIC_HTTP_CLIENT_REQUEST_DURATION,
  METRIC_HTTP_SERVER_REQUEST_DURATION,
} from '../semconv/semconv.js';
import { CLIENT_HOOKS, METRICS, SERVER_HOOKS } from './defaults.js';
import { warnOfUnknownVariables } from './environment.js';
import { attempt } from './foreign.js';
import { OPTIONS, type ValuesOf } from './options.js';
import { ConfigReader } from './read.js';
import type { ResolvedClientConfig, ResolvedConfig, ResolvedServerConfig } from './resolved.js';
import type { HttpTraceInstrumentationConfig } from './types.js';
import { compileHostGlobs, compilePathGlobs, compileUrlGlobs } from './url-globs.js';

type Values = ValuesOf<typeof OPTIONS>;

/**
 * What is in force: code, else environment, else default. Never throws, whatever it is given: what is of no use
 * is warned about by its place, and counts as not given.
 *
 * @param config As the user wrote it, before any default was added: such a default would win over the environment.
 */
export function resolveConfig(
  config: HttpTraceInstrumentationConfig,
  env: NodeJS.ProcessEnv,
  warn: (message: string) => void,
): ResolvedConfig {
  // A logger that throws leaves nobody to tell.
  const safeWarn = (message: string): void =>
    attempt(
      () => warn(message),
      () => undefined,
    );
  const values = new ConfigReader(env, safeWarn).readGroup(OPTIONS, config);
  warnOfUnknownVariables(env, safeWarn);
  return {
    enabled: values.enabled,
    client: resolveClient(values.client),
    server: resolveServer(values.server),
    metrics: resolveMetrics(values),
    metricAttributesHook: values.metricAttributesHook,
    knownMethods: new Set(values.knownMethods),
    optInAttributes: new Set(values.optInAttributes),
  };
}

function resolveClient(values: Values['client']): ResolvedClientConfig {
  return {
    ...resolveSide(values),
    hooks: { ...CLIENT_HOOKS, ...values.hooks },
    phases: values.phases,
    grpc: values.grpc,
    ignoreRequestHook: values.ignoreRequestHook,
    startSpanHook: values.startSpanHook,
    requestHook: values.requestHook,
    responseHook: values.responseHook,
    applyCustomAttributesOnSpan: values.applyCustomAttributesOnSpan,
    ignoreUrl: values.ignoreUrls.length === 0 ? undefined : compileUrlGlobs(values.ignoreUrls),
    propagate: resolvePropagation(values.propagateTo, values.doNotPropagateTo),
  };
}

function resolveServer(values: Values['server']): ResolvedServerConfig {
  return {
    ...resolveSide(values),
    hooks: { ...SERVER_HOOKS, ...values.hooks },
    ignoreRequestHook: values.ignoreRequestHook,
    startSpanHook: values.startSpanHook,
    requestHook: values.requestHook,
    responseHook: values.responseHook,
    applyCustomAttributesOnSpan: values.applyCustomAttributesOnSpan,
    ignorePath: values.ignorePaths.length === 0 ? undefined : compilePathGlobs(values.ignorePaths),
    ignoreHost: values.ignoreHosts.length === 0 ? undefined : compileHostGlobs(values.ignoreHosts),
    trustForwardedHeaders: values.trustForwardedHeaders,
  };
}

/** What both sides have, under the names that they share. */
function resolveSide(values: Values['client'] | Values['server']) {
  const { requestHeaders, responseHeaders } = values.headersToSpanAttributes;
  return {
    enabled: values.enabled,
    span: values.span,
    requireParentForSpans: values.requireParentforSpans,
    requestHeaders: lowerCased(requestHeaders),
    responseHeaders: lowerCased(responseHeaders),
    redactedQueryParams: values.redactedQueryParams,
    redactedHeaders: new Set(lowerCased(values.redactedHeaders)),
  };
}

function lowerCased(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.toLowerCase()))];
}

function resolvePropagation(
  to: readonly string[],
  notTo: readonly string[],
): ResolvedClientConfig['propagate'] {
  if (to.includes('*') && notTo.length === 0) {
    return undefined;
  }
  const allowed = compileHostGlobs(to);
  const denied = compileHostGlobs(notTo);
  return (host) => allowed(host) && !denied(host);
}

/** Whoever makes the spans of a side records its durations too. */
function resolveMetrics({ client, server, metrics }: Values): ResolvedConfig['metrics'] {
  return {
    ...METRICS,
    [METRIC_HTTP_CLIENT_REQUEST_DURATION]: client.span === 'create',
    [METRIC_HTTP_SERVER_REQUEST_DURATION]: server.span === 'create',
    ...metrics,
  };
}
