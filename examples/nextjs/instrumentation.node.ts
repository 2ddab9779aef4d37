import { NodeSDK } from '@opentelemetry/sdk-node';
import { HttpTraceInstrumentation } from 'opentelemetry-instrumentation-httptrace';
import { WaterfallSpanExporter } from 'opentelemetry-instrumentation-httptrace/waterfall';

const sdk = new NodeSDK({
  serviceName: 'books',
  // Draws each trace in the terminal. Without this line they go to OTEL_EXPORTER_OTLP_ENDPOINT.
  traceExporter: new WaterfallSpanExporter(),
  instrumentations: [new HttpTraceInstrumentation()],
});
sdk.start();
