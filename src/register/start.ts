import { isMainThread, threadId } from 'node:worker_threads';
import { HttpTraceInstrumentation } from '../instrumentation.js';
import { logStatus } from '../status/log.js';
import { ownApiVersion, packageOf, registeredApiVersion } from '../status/packages.js';
import { hasContextManager, hasTracerProvider } from '../status/providers.js';
import { complain } from './complain.js';
import { sendAtExit } from './exit.js';
import { type InstalledSdk, loadSdk, type RunningSdk } from './installed-sdk.js';
import { Logger } from './logger.js';
import { SdkTelemetry } from './telemetry.js';
import { WaterfallSpanProcessor } from './waterfall.js';

/**
 * Starts the SDK and the instrumentation.
 *
 * @throws if the SDK cannot be found, loaded or started.
 */
export function start(env: NodeJS.ProcessEnv = process.env): void {
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') {
    return;
  }
  if (hasTracerProvider()) {
    complain('an OpenTelemetry SDK runs already: it gets the spans, and the OTEL_* variables are up to it');
  } else {
    const installed = loadSdk();
    sendAtExit(new SdkTelemetry(installed, startSdk(installed, env)));
    complainAboutApis(installed);
  }
  const instrumentation = new HttpTraceInstrumentation();
  // Nobody else has the instance to ask for its status.
  process.once('exit', () => logStatus(() => instrumentation.status()));
}

function startSdk(installed: InstalledSdk, env: NodeJS.ProcessEnv): RunningSdk {
  const { NodeSDK, startNodeSDK } = installed.module;
  if (isSet(env.OTEL_CONFIG_FILE) && startNodeSDK !== undefined) {
    return startNodeSDK();
  }
  if (!isSet(env.OTEL_LOG_LEVEL)) {
    const { diag, DiagLogLevel } = installed.api;
    diag.setLogger(new Logger(), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  }
  const sdk = new NodeSDK({ ...resource(installed), ...exporters(env) });
  sdk.start();
  return sdk;
}

/** Each thread has an SDK of its own. The thread's id keeps their metrics apart. */
function resource(installed: InstalledSdk): object {
  if (isMainThread) {
    return {};
  }
  const { defaultResource, resourceFromAttributes } = installed.resources();
  return { resource: defaultResource().merge(resourceFromAttributes({ 'thread.id': threadId })) };
}

/** The part of the SDK's config that the SDK does not make of the variables itself. */
function exporters(env: NodeJS.ProcessEnv): object {
  const wanted = env.OTEL_TRACES_EXPORTER?.trim();
  switch (wanted) {
    case 'none':
      // The SDK would do the same, but warn.
      return { spanProcessors: [] };
    case 'waterfall':
      // A program that draws has no collector, unless a variable names an exporter.
      return {
        spanProcessors: [new WaterfallSpanProcessor()],
        ...(!isSet(env.OTEL_METRICS_EXPORTER) && { metricReaders: [] }),
        ...(!isSet(env.OTEL_LOGS_EXPORTER) && { logRecordProcessors: [] }),
      };
    default:
      complainAboutCompany(wanted?.split(',') ?? []);
      return {};
  }
}

/** The SDK makes exporters of the variable only if it is given none, so ours cannot be added to them. */
function complainAboutCompany(exporters: readonly string[]): void {
  if (exporters.some((name) => name.trim() === 'waterfall')) {
    complain(
      'OTEL_TRACES_EXPORTER: waterfall cannot be one of several, and draws nothing; give WaterfallSpanExporter beside the other exporter to an SDK of your own',
    );
  }
}

/** A later version of the API does not see what an earlier one registered, and no other version can add to it. */
function complainAboutApis({ apiPath }: InstalledSdk): void {
  if (!hasContextManager()) {
    const sdkApi = packageOf(apiPath)?.version;
    const others = new Set([ownApiVersion(), registeredApiVersion()]);
    others.delete(sdkApi);
    complain(
      `nothing is recorded, because the SDK has version ${sdkApi} of @opentelemetry/api, and ${[...others].join(' and ')} is loaded too; type: npm install @opentelemetry/api@${sdkApi}`,
    );
  }
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value.trim() !== '';
}
