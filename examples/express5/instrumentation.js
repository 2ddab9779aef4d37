const { ExpressInstrumentation, ExpressLayerType } = require('@opentelemetry/instrumentation-express');
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { HttpTraceInstrumentation } = require('opentelemetry-instrumentation-httptrace');
const { WaterfallSpanExporter } = require('opentelemetry-instrumentation-httptrace/waterfall');

const sdk = new NodeSDK({
  serviceName: 'books',
  // Draws each trace in the terminal. Without this line they go to OTEL_EXPORTER_OTLP_ENDPOINT.
  traceExporter: new WaterfallSpanExporter(),
  instrumentations: [
    new HttpTraceInstrumentation({ server: { ignorePaths: ['/health'] } }),
    // It tells the route; no span for each middleware.
    new ExpressInstrumentation({
      ignoreLayersType: [ExpressLayerType.MIDDLEWARE, ExpressLayerType.REQUEST_HANDLER],
    }),
  ],
});
sdk.start();

process.once('SIGTERM', () => sdk.shutdown().finally(() => process.exit()));
