import { sanitize } from '../waterfall/text.js';

/** What to type when nothing can be sent. */
export const WHERE_TO_SEND =
  'OTEL_EXPORTER_OTLP_ENDPOINT=http://host:4318 says where a collector is, OTEL_TRACES_EXPORTER=waterfall draws in the terminal instead';

/** Says in one line on stderr what is missing or wrong. */
export function complain(message: string): void {
  const [line = ''] = message.split('\n');
  // biome-ignore lint/suspicious/noConsole: it survives a stderr that is closed, which the stream itself would not
  console.error(`httptrace: ${sanitize(line)}`);
}
