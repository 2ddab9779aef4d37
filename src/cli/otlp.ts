import {
  type Context,
  context,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { VERSION } from '../version.js';
import { CliError, EXIT } from './exit-code.js';
import { complain } from './output.js';

/** An optional peer dependency. It reads the endpoint and everything else from the `OTEL_*` variables. */
const SDK_PACKAGE = '@opentelemetry/sdk-node';
const DEFAULT_ENDPOINT = 'http://localhost:4318';
const JAEGER_PAGE = 'http://localhost:16686/trace/';

/** What we use of `NodeSDK`. Its type would make the package a dependency. */
interface Sdk {
  start(): void;
  shutdown(): Promise<void>;
}

interface SdkModule {
  NodeSDK: new (configuration: Record<string, unknown>) => Sdk;
}

/** The trace of all requests of one run. */
export interface SentTrace {
  /** The context in which the requests are made. */
  readonly context: Context;
  /** Makes the spans of the requests. */
  readonly tracer: Tracer;
  /** A text with the id of the trace and where to look at it. */
  readonly description: string;
  /** Sends what was recorded. */
  end(): Promise<void>;
}

/**
 * Starts an SDK that sends spans to the endpoint that the environment names.
 *
 * @throws CliError if packages are missing.
 */
export async function startOtlp(): Promise<SentTrace> {
  const { NodeSDK } = await loadSdk();
  configure(process.env);
  complainAboutSdk();
  const sdk = new NodeSDK({
    serviceName: process.env.OTEL_SERVICE_NAME ?? 'httptrace',
    autoDetectResources: false,
    instrumentations: [],
  });
  sdk.start();
  const tracer = trace.getTracer('opentelemetry-instrumentation-httptrace', VERSION);
  const root = tracer.startSpan('httptrace', {}, ROOT_CONTEXT);
  return {
    context: trace.setSpan(context.active(), root),
    tracer,
    description: describe(root.spanContext().traceId),
    async end() {
      root.end();
      await sdk.shutdown().catch(complainAboutSending);
    },
  };
}

async function loadSdk(): Promise<SdkModule> {
  try {
    return await import(SDK_PACKAGE);
  } catch (error) {
    if (isMissing(error)) {
      throw new CliError(
        EXIT.missingPackages,
        `--otlp lacks ${SDK_PACKAGE}; npm install ${SDK_PACKAGE} adds it`,
      );
    }
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') && message.includes(SDK_PACKAGE);
}

/** Sends only spans, and waits little for a missing collector, unless the environment says otherwise. */
function configure(env: NodeJS.ProcessEnv): void {
  env.OTEL_EXPORTER_OTLP_TIMEOUT ??= '3000';
  env.OTEL_METRICS_EXPORTER ??= 'none';
  env.OTEL_LOGS_EXPORTER ??= 'none';
}

function endpoint(): string {
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT } = process.env;
  return OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? OTEL_EXPORTER_OTLP_ENDPOINT ?? DEFAULT_ENDPOINT;
}

function describe(traceId: string): string {
  const hostname = URL.canParse(endpoint()) ? new URL(endpoint()).hostname : '';
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return isLocal ? `trace ${traceId}, in Jaeger: ${JAEGER_PAGE}${traceId}` : `trace ${traceId}`;
}

/** Prints what goes wrong in the SDK, which tells it to a logger only, and in many words. */
function complainAboutSdk(): void {
  const ignore = (): void => undefined;
  const logger = { error: complainAboutSending, warn: ignore, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger, { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true });
}

let complained = false;

function complainAboutSending(): void {
  if (!complained) {
    complained = true;
    complain(`the spans could not be sent to ${endpoint()}; OTEL_EXPORTER_OTLP_ENDPOINT names another place`);
  }
}
