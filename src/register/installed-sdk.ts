import { createRequire } from 'node:module';
import { join } from 'node:path';

type Api = typeof import('@opentelemetry/api');

const SDK_PACKAGE = '@opentelemetry/sdk-node';

/** What we use of an SDK that runs; the types of the package would make it a dependency. */
export interface RunningSdk {
  shutdown(): Promise<void>;
}

interface SdkModule {
  readonly NodeSDK: new (configuration: object) => RunningSdk & { start(): void };
  /** Does what the file says that `OTEL_CONFIG_FILE` names. */
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

/** An SDK as it is installed, and the very packages that it uses: there may be others of the same names. */
export interface InstalledSdk {
  readonly module: SdkModule;
  readonly api: Api;
  /** Where that API is. */
  readonly apiPath: string;
  logs(): LogsModule['logs'];
  resources(): ResourcesModule;
}

/**
 * Looks beside this package, then in the working directory.
 *
 * @throws as `require` does.
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
    // Then this package was not installed beside the program.
    return createRequire(join(process.cwd(), 'program')).resolve(SDK_PACKAGE);
  }
}
