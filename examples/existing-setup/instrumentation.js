const { getNodeAutoInstrumentations } = require('@opentelemetry/auto-instrumentations-node');
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { HttpTraceInstrumentation } = require('opentelemetry-instrumentation-httptrace');
const { WaterfallSpanExporter } = require('opentelemetry-instrumentation-httptrace/waterfall');

// It makes no spans; it writes to those of the others.
const httptrace = new HttpTraceInstrumentation({
  client: { span: 'existing' },
  server: { span: 'existing' },
});

const sdk = new NodeSDK({
  serviceName: 'existing',
  traceExporter: new WaterfallSpanExporter(),
  instrumentations: [
    getNodeAutoInstrumentations({
      '@opentelemetry/instrumentation-http': { requestHook: httptrace.useSpan },
      '@opentelemetry/instrumentation-undici': { requestHook: httptrace.useSpan },
    }),
    httptrace,
  ],
});
sdk.start();

process.once('SIGTERM', () => sdk.shutdown().finally(() => process.exit()));
