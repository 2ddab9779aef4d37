import { HttpTraceInstrumentation } from 'opentelemetry-instrumentation-httptrace';
import { captureMetrics, wrap } from 'opentelemetry-instrumentation-httptrace/httpsnoop';
import { withClientTrace } from 'opentelemetry-instrumentation-httptrace/httptrace';
import { WaterfallSpanExporter } from 'opentelemetry-instrumentation-httptrace/waterfall';
import { otel } from './opentelemetry.mjs';
import { runSuite } from './suite.cjs';

const undici = process.argv[2] === 'undici' ? await import('undici') : { fetch };
const ours = { HttpTraceInstrumentation, withClientTrace, captureMetrics, wrap, WaterfallSpanExporter };
await runSuite(otel, ours, undici);
