import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

const SUCCESS = 0;
const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint = 'http://localhost:4318' } = process.env;

/** Sends each trace to a collector by OTLP, and says where Jaeger shows it. */
export function sendToJaeger() {
  const exporter = new OTLPTraceExporter();
  const processor = new BatchSpanProcessor({
    export(spans, done) {
      exporter.export(spans, ({ code }) => {
        if (code !== SUCCESS) {
          complain();
        }
        done({ code: SUCCESS });
      });
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  });
  let traceId;
  const onStart = processor.onStart.bind(processor);
  processor.onStart = (span, parent) => {
    traceId = span.spanContext().traceId;
    onStart(span, parent);
  };
  return { processor, link: () => linkTo(traceId) };
}

/** Where Jaeger's page is, is known of one on this machine only. */
function linkTo(traceId) {
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(new URL(endpoint).hostname);
  return isHere ? `in Jaeger: http://localhost:16686/trace/${traceId}` : `trace ${traceId}`;
}

function complain() {
  if (process.exitCode !== 1) {
    process.exitCode = 1;
    console.error(
      `The spans could not be sent to ${endpoint}. Is Jaeger there? It is, after: docker compose up -d`,
    );
  }
}
