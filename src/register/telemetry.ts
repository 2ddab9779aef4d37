import type { ProxyTracerProvider, TracerProvider } from '@opentelemetry/api';
import { reportError } from '../diagnostics.js';
import type { Telemetry } from './exit.js';
import type { InstalledSdk, RunningSdk } from './installed-sdk.js';

/** The telemetry of an installed SDK. The SDK itself has no flush, but its providers have. */
export class SdkTelemetry implements Telemetry {
  private readonly installed: InstalledSdk;
  private readonly sdk: RunningSdk;

  constructor(installed: InstalledSdk, sdk: RunningSdk) {
    this.installed = installed;
    this.sdk = sdk;
  }

  async flush(): Promise<void> {
    const { trace, metrics } = this.installed.api;
    const providers = [
      registeredProvider(trace.getTracerProvider()),
      metrics.getMeterProvider(),
      this.installed.logs().getLoggerProvider(),
    ];
    await Promise.all(providers.map((provider) => this.attempt(() => forceFlush(provider))));
  }

  async shutdown(): Promise<void> {
    await this.attempt(() => this.sdk.shutdown());
  }

  private async attempt(send: () => Promise<void>): Promise<void> {
    try {
      await send();
    } catch (error) {
      reportError('httptrace: what was recorded last could not be sent:', error, this.installed.api.diag);
    }
  }
}

/** The registered provider, which the API keeps behind a proxy. */
function registeredProvider(provider: TracerProvider | ProxyTracerProvider): TracerProvider {
  return 'getDelegate' in provider ? provider.getDelegate() : provider;
}

interface Flushable {
  forceFlush(): Promise<void>;
}

async function forceFlush(provider: object): Promise<void> {
  if (isFlushable(provider)) {
    await provider.forceFlush();
  }
}

function isFlushable(provider: object): provider is Flushable {
  return 'forceFlush' in provider && typeof provider.forceFlush === 'function';
}
