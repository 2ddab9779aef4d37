const { captureMetrics, wrap } = require('opentelemetry-instrumentation-httptrace/httpsnoop');
const { withClientTrace } = require('opentelemetry-instrumentation-httptrace/httptrace');
const { WaterfallSpanExporter } = require('opentelemetry-instrumentation-httptrace/waterfall');
const { HttpTraceInstrumentation } = require('opentelemetry-instrumentation-httptrace');
const { otel } = require('./opentelemetry.cjs');
const { runSuite } = require('./suite.cjs');

const undici = process.argv[2] === 'undici' ? require('undici') : { fetch };
const ours = { HttpTraceInstrumentation, withClientTrace, captureMetrics, wrap, WaterfallSpanExporter };
runSuite(otel, ours, undici);
