import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { listen } from '../support/servers/listen.js';

type AnyValue = { stringValue?: string; intValue?: number | string };
type KeyValue = { key: string; value: AnyValue };

interface ExportedTraces {
  resourceSpans: {
    resource: { attributes: KeyValue[] };
    scopeSpans: { scope: { name: string }; spans: { name: string; kind: number }[] }[];
  }[];
}

export interface CollectedSpan {
  name: string;
  kind: 'client' | 'other';
  /** Of the instrumentation that made it. */
  scope: string;
  resource: Record<string, string | number | undefined>;
}

/** In OTLP. */
const SPAN_KIND_CLIENT = 3;

/** What an OTLP/HTTP collector was sent, as JSON. Each export is an event, named by its path. */
export class Collector extends EventEmitter {
  readonly spans: CollectedSpan[] = [];
  /** Paths of all that was sent. */
  readonly paths: string[] = [];
  private readonly answers: boolean;

  constructor(answers: boolean) {
    super();
    this.answers = answers;
  }

  async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    this.paths.push(request.url ?? '');
    if (request.url === '/v1/traces') {
      this.spans.push(...spansOf(JSON.parse(body)));
    }
    this.emit(request.url ?? '');
    if (this.answers) {
      response.setHeader('content-type', 'application/json').end('{}');
    }
  }
}

function spansOf({ resourceSpans }: ExportedTraces): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map(({ name, kind }) => ({
        name,
        kind: kind === SPAN_KIND_CLIENT ? 'client' : 'other',
        scope: scope.name,
        resource: Object.fromEntries(resource.attributes.map(({ key, value }) => [key, plain(value)])),
      })),
    ),
  );
}

function plain({ stringValue, intValue }: AnyValue): string | number | undefined {
  return stringValue ?? (intValue === undefined ? undefined : Number(intValue));
}

/**
 * A collector for one test, and the variables that send everything there.
 *
 * @param answers Whether it ever answers.
 */
export async function startCollector(
  answers = true,
): Promise<{ collector: Collector; env: NodeJS.ProcessEnv }> {
  const collector = new Collector(answers);
  const server = createServer((request, response) => void collector.take(request, response));
  const port = await listen(server);
  return {
    collector,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    },
  };
}
