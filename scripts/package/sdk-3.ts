// The same, given to the SDK 3.x.
import { type Instrumentation, registerInstrumentations } from '@opentelemetry/instrumentation';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import {
  HttpTraceInstrumentation,
  type HttpTraceInstrumentationConfig,
} from 'opentelemetry-instrumentation-httptrace';
import { WaterfallSpanExporter } from 'opentelemetry-instrumentation-httptrace/waterfall';

export const shaped: Instrumentation = new HttpTraceInstrumentation();
export const typed: Instrumentation<HttpTraceInstrumentationConfig> = new HttpTraceInstrumentation({});

const exporter = new WaterfallSpanExporter({ stream: process.stderr, width: 120, colors: false });

export const sdk = new NodeSDK({
  instrumentations: [new HttpTraceInstrumentation()],
  spanProcessors: [new SimpleSpanProcessor({ exporter })],
  traceExporter: exporter,
});

export const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
registerInstrumentations({ instrumentations: [new HttpTraceInstrumentation()], tracerProvider: provider });
