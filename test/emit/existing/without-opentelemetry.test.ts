import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import {
  type ClientRequest,
  createServer,
  get,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import {
  type Attributes,
  type AttributeValue,
  type DiagLogger,
  DiagLogLevel,
  diag,
  type Link,
  type Span,
  type SpanContext,
  type SpanStatus,
  type TimeInput,
} from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { HttpTraceInstrumentation } from '../../../src/index.js';
import { listen } from '../../support/servers/listen.js';

/** A span of an SDK that needs nothing of OpenTelemetry but the shape of its spans, as Sentry's from release 10 on. */
class ForeignSpan implements Span {
  readonly attributes: Attributes = {};
  readonly events: string[] = [];
  ends = 0;

  readonly side: 'client' | 'server';

  constructor(side: ForeignSpan['side']) {
    this.side = side;
  }

  spanContext(): SpanContext {
    return { traceId: '5ebeae91cd524da2adc3ef0db853469d', spanId: 'acd25ae539088967', traceFlags: 1 };
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (this.ends === 0) {
      this.attributes[key] = value;
    }
    return this;
  }

  setAttributes(attributes: Attributes): this {
    for (const [key, value] of Object.entries(attributes)) {
      this.setAttribute(key, value as AttributeValue);
    }
    return this;
  }

  addEvent(name: string): this {
    if (this.ends === 0) {
      this.events.push(name);
    }
    return this;
  }

  addLink(_link: Link): this {
    return this;
  }

  addLinks(_links: Link[]): this {
    return this;
  }

  setStatus(_status: SpanStatus): this {
    return this;
  }

  updateName(_name: string): this {
    return this;
  }

  end(_endTime?: TimeInput): void {
    this.ends++;
  }

  isRecording(): boolean {
    return this.ends === 0;
  }

  recordException(): void {
    throw new Error('Exceptions are no events any more');
  }
}

type Hook = (span: Span, request: object) => void;

const complaints: unknown[][] = [];

beforeEach(() => {
  complaints.length = 0;
  const complain = (...args: unknown[]): unknown => complaints.push(args);
  const quiet = (): void => undefined;
  const logger: DiagLogger = { error: complain, warn: complain, info: quiet, debug: quiet, verbose: quiet };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
});
afterEach(() => diag.disable());

/** Makes a span of each request, and calls a hook with both. */
function foreignSdk(hook: Hook | undefined): ForeignSpan[] {
  const spans: ForeignSpan[] = [];
  const open = new WeakMap<object, ForeignSpan>();
  const begin = (side: ForeignSpan['side'], request: object): void => {
    const span = new ForeignSpan(side);
    spans.push(span);
    open.set(request, span);
    hook?.(span, request);
  };
  const end = (request: object): void => open.get(request)?.end();
  listenTo<{ request: object }>('undici:request:create', ({ request }) => begin('client', request));
  listenTo<{ request: object }>('undici:request:trailers', ({ request }) => end(request));
  listenTo<{ request: ClientRequest }>('http.client.request.start', ({ request }) =>
    begin('client', request),
  );
  listenTo<{ request: ClientRequest; response: IncomingMessage }>(
    'http.client.response.finish',
    ({ request, response }) => void response.once('end', () => end(request)),
  );
  listenTo<{ request: IncomingMessage; response: ServerResponse }>(
    'http.server.request.start',
    ({ request, response }) => {
      begin('server', request);
      response.once('close', () => end(request));
    },
  );
  return spans;
}

function listenTo<Message>(name: string, act: (message: Message) => void): void {
  const onMessage = (message: unknown): void => act(message as Message);
  channel(name).subscribe(onMessage);
  onTestFinished(() => void channel(name).unsubscribe(onMessage));
}

function ours(): HttpTraceInstrumentation {
  const instrumentation = new HttpTraceInstrumentation({
    client: { span: 'existing' },
    server: { span: 'existing' },
  });
  onTestFinished(() => instrumentation.disable());
  return instrumentation;
}

const CLIENTS: [string, (url: string) => Promise<void>][] = [
  ['fetch', async (url) => void (await (await fetch(url)).text())],
  [
    'node:http',
    async (url) => {
      const [response] = await once(get(url, { agent: false }), 'response');
      await once(response.resume(), 'end');
    },
  ],
];

async function exchange(ask: (url: string) => Promise<void>): Promise<void> {
  const server: Server = createServer((_req, res) => res.end('hello'));
  await ask(`http://localhost:${await listen(server)}/`);
}

describe.each(CLIENTS)('%s beside an SDK that does without OpenTelemetry', (_name, ask) => {
  it.each(['first', 'last'])('is recorded on its spans, with ours %s', async (order) => {
    const early = order === 'first' ? ours() : undefined;
    let instrumentation = early;
    const spans = foreignSdk((span, request) => instrumentation?.useSpan(span, request));
    instrumentation ??= ours();
    await exchange(ask);
    await expect
      .poll(() => spans.map(({ side, ends }) => [side, ends]))
      .toEqual([
        ['client', 1],
        ['server', 1],
      ]);
    const [client, server] = spans;
    expect(client?.attributes).toMatchObject({
      'http.conn.reused': false,
      'httptrace.dns.duration': expect.any(Number),
      'httptrace.connect.duration': expect.any(Number),
      'httptrace.wait.duration': expect.any(Number),
      'httptrace.receive.duration': expect.any(Number),
    });
    expect(client?.events).toContain('http.receive.done');
    expect(server?.attributes).toEqual({
      'httptrace.first_byte.duration': expect.any(Number),
      'http.response.body.size': 5,
    });
    expect(complaints).toEqual([]);
    expect(instrumentation.status().hints.filter((hint) => !hint.startsWith('No MeterProvider'))).toEqual([]);
  });

  it('leaves its spans alone without the line, and says what to do', async () => {
    const instrumentation = ours();
    const spans = foreignSdk(undefined);
    await exchange(ask);
    await expect.poll(() => spans.map(({ ends }) => ends)).toEqual([1, 1]);
    expect(spans.map(({ attributes, events }) => [attributes, events])).toEqual([
      [{}, []],
      [{}, []],
    ]);
    expect(instrumentation.status().hints).toContainEqual(
      expect.stringMatching(/^Of the requests, 2 were given no span/),
    );
  });
});
