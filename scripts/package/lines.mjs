/** What a user of each line of OpenTelemetry JS installs. */
export const OPENTELEMETRY_LINES = {
  '2.x': [
    '@opentelemetry/api@~1.9.0',
    '@opentelemetry/context-async-hooks@2',
    '@opentelemetry/core@2',
    '@opentelemetry/instrumentation@0.223',
    '@opentelemetry/sdk-metrics@2',
    '@opentelemetry/sdk-trace-base@2',
  ],
  '3.x': [
    '@opentelemetry/api@1.10',
    '@opentelemetry/context-async-hooks@3',
    '@opentelemetry/core@3',
    '@opentelemetry/instrumentation@0.301',
    '@opentelemetry/sdk-metrics@3',
    '@opentelemetry/sdk-trace@3',
  ],
};

export const SDK_NODE = { '2.x': '@opentelemetry/sdk-node@0.223', '3.x': '@opentelemetry/sdk-node@0.301' };
