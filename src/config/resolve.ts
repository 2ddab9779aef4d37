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
 * The config in force. Code wins over the environment, which wins over the defaults. A value of no use counts as not given,
 * and `warn` is told its place. Never throws.
 *
 * @param config The user's config without defaults, which would win over the environment.
 */
export function resolveConfig(
  config: HttpTraceInstrumentationConfig,
  env: NodeJS.ProcessEnv,
  warn: (message: string) => void,
): ResolvedConfig {
  // If the logger throws, there is nobody to tell.
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

/** The options that both sides share. */
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

/** The instrumentation that makes the spans of a side records its durations as well, so ours are off by default then. */
function resolveMetrics({ client, server, metrics }: Values): ResolvedConfig['metrics'] {
  return {
    ...METRICS,
    [METRIC_HTTP_CLIENT_REQUEST_DURATION]: client.span === 'create',
    [METRIC_HTTP_SERVER_REQUEST_DURATION]: server.span === 'create',
    ...metrics,
  };
}
