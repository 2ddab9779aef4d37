import {
  DEFAULT_KNOWN_METHODS,
  DEFAULT_REDACTED_HEADERS,
  DEFAULT_REDACTED_QUERY_PARAMS,
} from '../semconv/defaults.js';
import * as defaults from './defaults.js';
import * as entries from './entries.js';
import { choiceKind, functionKind, type Kind, listKind, switchKind, togglesKind } from './kinds.js';
import type { ResolvedClientConfig, ResolvedConfig, ResolvedServerConfig } from './resolved.js';
import type { Phases, SpanSource } from './types.js';

/** One option: its values, its default and its description. */
export class Option<T> {
  readonly kind: Kind<T>;
  readonly defaultValue: T;
  readonly description: string;
  /** A variable of the semantic conventions that means the same; `undefined` if there is none. Our own wins over it. */
  readonly standardVariable: string | undefined;

  constructor(kind: Kind<T>, defaultValue: T, description: string, standardVariable?: string) {
    this.kind = kind;
    this.defaultValue = defaultValue;
    this.description = description;
    this.standardVariable = standardVariable;
  }
}

/** Options by name, in the shape of the config. */
export interface Group {
  readonly [name: string]: Option<unknown> | Group;
}

const callback = <F>(description: string): Option<F | undefined> =>
  new Option(functionKind<F>(), undefined, description);
const list = (entry: Parameters<typeof listKind>[0], defaultValue: readonly string[], description: string) =>
  new Option(listKind(entry), defaultValue, description);

const ofBothSides = {
  span: new Option<SpanSource>(
    choiceKind(['create', 'existing']),
    'create',
    'Create spans, or only enrich the spans of another instrumentation, which its request hook gives',
  ),
  requireParentforSpans: new Option(switchKind, false, 'Record no request that has no parent span'),
  headersToSpanAttributes: {
    requestHeaders: list(entries.headerNames, [], 'Request headers to record, in any case'),
    responseHeaders: list(entries.headerNames, [], 'Response headers to record, in any case'),
  },
  redactedQueryParams: list(
    entries.queryParams,
    DEFAULT_REDACTED_QUERY_PARAMS,
    'Query parameters recorded as `REDACTED`, case-sensitive; replaces the default, an empty list switches it off',
  ),
  redactedHeaders: list(
    entries.headerNames,
    DEFAULT_REDACTED_HEADERS,
    'Headers recorded as `REDACTED`, in any case; replaces the default, an empty list switches it off',
  ),
};

const client = {
  enabled: new Option(switchKind, true, 'Record outgoing requests'),
  hooks: new Option(
    togglesKind(defaults.CLIENT_HOOKS),
    {},
    'What is recorded, by hook of `ClientTrace`; with `wroteHeaderField`, every request header',
  ),
  phases: new Option<Phases>(
    choiceKind(['events', 'spans', 'linked-spans', 'attributes']),
    'events',
    'How phases are recorded beside attributes: as span events, as child spans, as linked traces of connections, or not',
  ),
  grpc: new Option(switchKind, false, 'Record gRPC calls over `node:http2` too'),
  ...ofBothSides,
  ignoreUrls: list(entries.urlGlobs, [], 'Requests that are not recorded'),
  propagateTo: list(entries.hostGlobs, ['*'], 'Hosts that get trace headers; with an empty list, none does'),
  doNotPropagateTo: list(
    entries.hostGlobs,
    [],
    'Hosts that get no trace headers, whatever `propagateTo` says',
  ),
  ignoreRequestHook: callback<NonNullable<ResolvedClientConfig['ignoreRequestHook']>>(
    'Called before the span; the request is not recorded if the hook returns a truthy value',
  ),
  startSpanHook: callback<NonNullable<ResolvedClientConfig['startSpanHook']>>(
    'Called before the span; the attributes that it returns are on the span from the start',
  ),
  requestHook: callback<NonNullable<ResolvedClientConfig['requestHook']>>(
    'Called with the span and the request, before the request is sent',
  ),
  responseHook: callback<NonNullable<ResolvedClientConfig['responseHook']>>(
    'Called with the span and the response, when the head of the response is there',
  ),
  applyCustomAttributesOnSpan: callback<NonNullable<ResolvedClientConfig['applyCustomAttributesOnSpan']>>(
    'Called at the end, with span, request and response (if there was one)',
  ),
};

const server = {
  enabled: new Option(switchKind, true, 'Record incoming requests'),
  hooks: new Option(
    togglesKind(defaults.SERVER_HOOKS),
    {},
    'What is recorded, by step of the response; with `write` and `end` both off, bytes are not counted',
  ),
  ...ofBothSides,
  ignorePaths: list(entries.pathGlobs, [], 'Requests that are not recorded'),
  ignoreHosts: list(
    entries.hostGlobs,
    [],
    'Hosts as the client names them; requests for them are not recorded',
  ),
  trustForwardedHeaders: new Option(
    switchKind,
    true,
    'Let `Forwarded` and `X-Forwarded-*` name client, host and scheme',
  ),
  ignoreRequestHook: callback<NonNullable<ResolvedServerConfig['ignoreRequestHook']>>(
    'Called before the span; the request is not recorded if the hook returns a truthy value',
  ),
  startSpanHook: callback<NonNullable<ResolvedServerConfig['startSpanHook']>>(
    'Called before the span; the attributes that it returns are on the span from the start',
  ),
  requestHook: callback<NonNullable<ResolvedServerConfig['requestHook']>>(
    "Called with the span and the request, before the program's own listener",
  ),
  responseHook: callback<NonNullable<ResolvedServerConfig['responseHook']>>(
    "Called with the span and the response, before the program's own listener",
  ),
  applyCustomAttributesOnSpan: callback<NonNullable<ResolvedServerConfig['applyCustomAttributesOnSpan']>>(
    'Called at the end, with span, request and response (if there was one)',
  ),
};

/** Every option. The config is read, checked and documented by this table. */
export const OPTIONS = {
  enabled: new Option(switchKind, true, 'Record anything at all'),
  client,
  server,
  metrics: new Option(
    togglesKind(defaults.METRICS),
    {},
    'Metrics to record; the duration of a side whose `span` is `existing` is off by default too',
  ),
  metricAttributesHook: callback<NonNullable<ResolvedConfig['metricAttributesHook']>>(
    'Called at the end, with side, request and response; the attributes that it returns are added to the duration metric',
  ),
  knownMethods: new Option(
    listKind(entries.methods),
    DEFAULT_KNOWN_METHODS,
    'Methods recorded as they are, case-sensitive; others are `_OTHER`',
    'OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS',
  ),
  optInAttributes: list(
    entries.optInAttributes,
    [],
    'Opt-in attributes of the semantic conventions to record',
  ),
};

/** The values of a group of options, in the shape of the group. */
export type ValuesOf<G> = {
  readonly [K in keyof G]: G[K] extends Option<infer T> ? T : ValuesOf<G[K]>;
};

/** An option with its place in the config. */
export interface PlacedOption {
  readonly path: string;
  readonly option: Option<unknown>;
}

/** Every option in the order of the table. */
export function listOptions(group: Group = OPTIONS, prefix = ''): PlacedOption[] {
  return Object.entries(group).flatMap(([name, member]) =>
    member instanceof Option
      ? [{ path: prefix + name, option: member }]
      : listOptions(member, `${prefix}${name}.`),
  );
}
