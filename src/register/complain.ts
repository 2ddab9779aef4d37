import { sanitize } from '../waterfall/text.js';

/** Says what to do if nothing can be sent. */
export const WHERE_TO_SEND =
  'OTEL_EXPORTER_OTLP_ENDPOINT=http://host:4318 says where a collector is, OTEL_TRACES_EXPORTER=waterfall draws in the terminal instead';

/** Prints the first line of a message on stderr. */
export function complain(message: string): void {
  const [line = ''] = message.split('\n');
  // biome-ignore lint/suspicious/noConsole: it survives a closed stderr, and a write to the stream would not
  console.error(`httptrace: ${sanitize(line)}`);
}
