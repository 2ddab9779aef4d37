import { NodeSDK } from '@opentelemetry/sdk-node';
import { HttpTraceInstrumentation } from 'opentelemetry-instrumentation-httptrace';
import { WaterfallSpanExporter } from 'opentelemetry-instrumentation-httptrace/waterfall';

const sdk = new NodeSDK({
  serviceName: 'cart',
  // Draws each trace in the terminal. Without this line they go to OTEL_EXPORTER_OTLP_ENDPOINT.
  traceExporter: new WaterfallSpanExporter(),
  // Off by default: who uses @opentelemetry/instrumentation-grpc has a span of each call already.
  instrumentations: [new HttpTraceInstrumentation({ client: { grpc: true } })],
});
sdk.start();

// What was not sent yet is sent when the program is done.
process.once('beforeExit', () => sdk.shutdown());
