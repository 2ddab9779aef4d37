import { NO_PROVIDER_HINT } from './no-provider.js';
import { hasMeterProvider } from './providers.js';
import type { HttpTraceStatus, OpenTelemetryStatus, SourceStatus } from './report.js';
import type { RequestCounts } from './request-counter.js';

type Facts = Omit<HttpTraceStatus, 'hints'>;

/** Says in sentences what to do about what is missing or lost. */
export function hintsOf(facts: Facts): string[] {
  const { enabled, openTelemetry } = facts;
  return [
    ...(enabled ? sourceHints(facts) : [DISABLED]),
    ...apiHints(openTelemetry),
    ...providerHints(facts),
    ...requestHints(facts),
  ];
}

const DISABLED =
  'The instrumentation is disabled: call enable(), or look for `enabled: false` in its config and for OTEL_INSTRUMENTATION_HTTPTRACE_ENABLED.';

function sourceHints({ sources, copies }: Facts): string[] {
  const hints: string[] = [];
  if (!sources.undici.enabled) {
    hints.push(
      'Outgoing requests are not recorded: look for `client.enabled` in the config and for OTEL_INSTRUMENTATION_HTTPTRACE_CLIENT_ENABLED.',
    );
  }
  if (!sources.servers.enabled) {
    hints.push(
      'Incoming requests are not recorded: look for `server.enabled` in the config and for OTEL_INSTRUMENTATION_HTTPTRACE_SERVER_ENABLED.',
    );
  }
  if (copies.length > 1) {
    hints.push(
      `${copies.length} copies of this package are loaded (${copies.join(', ')}): requests are recorded once, by the one that was enabled first; \`npm ls opentelemetry-instrumentation-httptrace\` shows who brings them.`,
    );
  }
  return hints;
}

function apiHints({ apiVersion, registeredApiVersion, loadedApis }: OpenTelemetryStatus): string[] {
  const versions = new Set(loadedApis);
  for (const version of [apiVersion, registeredApiVersion]) {
    if (version !== undefined) {
      versions.add(version);
    }
  }
  return versions.size < 2
    ? []
    : [
        `Several versions of @opentelemetry/api are loaded (${[...versions].join(', ')}), and what one registers another may not see: find out who brings them with \`npm ls @opentelemetry/api\`, and install one version that suits all.`,
      ];
}

function providerHints({ sources, openTelemetry }: Facts): string[] {
  const { tracerProvider, meterProvider } = openTelemetry;
  // An SDK without OpenTelemetry gave us its spans. Parents and trace headers are its own affair.
  const isTracedElsewhere = !tracerProvider && total(sources, 'recorded') > 0;
  return [
    ...(tracerProvider || isTracedElsewhere ? [] : [NO_PROVIDER_HINT]),
    ...(meterProvider ? [] : [meterHint()]),
    ...(isTracedElsewhere ? [] : contextHints(openTelemetry)),
  ];
}

function meterHint(): string {
  return hasMeterProvider()
    ? 'The MeterProvider was registered after this instrumentation was made, so no metric is recorded: give the instrumentation to registerInstrumentations afterwards, or call its setMeterProvider.'
    : 'No MeterProvider is registered, so no metric is recorded: give the SDK a metric reader, such as by OTEL_METRICS_EXPORTER.';
}

function contextHints({ contextManager, propagator }: OpenTelemetryStatus): string[] {
  const hints: string[] = [];
  if (!contextManager) {
    hints.push(
      'No context manager is registered, so spans have no parents in this process, and withClientTrace has no effect: NodeSDK registers one, else context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()) does.',
    );
  }
  if (!propagator) {
    hints.push(
      'No propagator is registered, so requests carry no trace headers and servers begin traces of their own: NodeSDK registers one, unless OTEL_PROPAGATORS says none.',
    );
  }
  return hints;
}

type Reason = keyof RequestCounts;

/** Reasons that are worth a hint whenever they happen. */
const MISTAKES: readonly (readonly [Reason, string])[] = [
  ['withoutProvider', 'came before a TracerProvider was registered: start the SDK before the first request.'],
  [
    'withoutSpan',
    "were given no span, as `span: 'existing'` needs: give useSpan to the other instrumentation, as its requestHook.",
  ],
  [
    'byAnotherInstance',
    'were recorded by another instance of this instrumentation, which was enabled first: keep one.',
  ],
];

/** Reasons that are worth a hint only if no request was recorded. */
const CHOICES: readonly (readonly [Reason, string])[] = [
  ['suppressed', 'were made with tracing suppressed, as those of exporters are.'],
  ['ignored', 'were ignored: look at ignoreUrls, ignorePaths, ignoreHosts and ignoreRequestHook.'],
  [
    'withoutParent',
    'had no parent: look at requireParentforSpans, and whether a span is active where they are made.',
  ],
  [
    'notSampled',
    'were not sampled: look at OTEL_TRACES_SAMPLER, and at the sampling flag that came with them.',
  ],
];

function requestHints({ sources, openTelemetry }: Facts): string[] {
  const mistakes = openTelemetry.tracerProvider ? MISTAKES : MISTAKES.slice(1);
  const reasons = total(sources, 'recorded') === 0 ? [...mistakes, ...CHOICES] : mistakes;
  const hints = reasons
    .filter(([reason]) => total(sources, reason) > 0)
    .map(([reason, text]) => `Of the requests, ${total(sources, reason)} ${text}`);
  return Object.values(sources).every(hasNone) ? [...hints, NO_REQUEST] : hints;
}

function total(sources: Facts['sources'], reason: Reason): number {
  return Object.values(sources).reduce((sum, { requests }) => sum + requests[reason], 0);
}

function hasNone({ requests }: SourceStatus): boolean {
  return Object.values(requests).every((count) => count === 0);
}

const NO_REQUEST =
  'No request came yet: those of node:http, node:https, node:http2, fetch and undici are seen, and those to servers of node:http, node:https and node:http2, each only in its own process and worker thread.';
