import { createRequire } from 'node:module';
import { join } from 'node:path';

type Api = typeof import('@opentelemetry/api');

const SDK_PACKAGE = '@opentelemetry/sdk-node';

/** What we use of a running SDK. The types of the package would make it a dependency. */
export interface RunningSdk {
  shutdown(): Promise<void>;
}

interface SdkModule {
  readonly NodeSDK: new (configuration: object) => RunningSdk & { start(): void };
  /** Starts the SDK that the file of `OTEL_CONFIG_FILE` describes. */
  readonly startNodeSDK?: () => RunningSdk;
}

/** What we use of `@opentelemetry/resources`. */
interface ResourcesModule {
  defaultResource(): { merge(other: unknown): unknown };
  resourceFromAttributes(attributes: Readonly<Record<string, unknown>>): unknown;
}

interface LogsModule {
  readonly logs: { getLoggerProvider(): object };
}

/** An installed SDK with the packages that it uses. Other copies of these packages may be installed as well. */
export interface InstalledSdk {
  readonly module: SdkModule;
  readonly api: Api;
  /** The file of that API. */
  readonly apiPath: string;
  logs(): LogsModule['logs'];
  resources(): ResourcesModule;
}

/**
 * Looks for the SDK beside this package, then in the working directory.
 *
 * @throws what `require` throws, if there is no SDK or it cannot be loaded.
 */
export function loadSdk(): InstalledSdk {
  const path = resolveSdk();
  const require = createRequire(path);
  const api: Api & Partial<LogsModule> = require('@opentelemetry/api');
  return {
    module: require(path),
    api,
    apiPath: require.resolve('@opentelemetry/api'),
    // API 1.9 has no logs.
    logs: () => api.logs ?? (require('@opentelemetry/api-logs') as LogsModule).logs,
    resources: () => require('@opentelemetry/resources'),
  };
}

function resolveSdk(): string {
  try {
    return createRequire(__filename).resolve(SDK_PACKAGE);
  } catch {
    // This package may be installed elsewhere than the program.
    return createRequire(join(process.cwd(), 'program')).resolve(SDK_PACKAGE);
  }
}
