import { NodeSDK } from '@opentelemetry/sdk-node';
import { HttpTraceInstrumentation } from 'opentelemetry-instrumentation-httptrace';

// OTEL_SERVICE_NAME and OTEL_EXPORTER_OTLP_ENDPOINT say who it is and where the traces go.
const sdk = new NodeSDK({
  // Each phase is a bar in Jaeger, under its request.
  instrumentations: [new HttpTraceInstrumentation({ client: { phases: 'spans' } })],
});
sdk.start();

process.once('SIGTERM', () => sdk.shutdown().finally(() => process.exit()));
