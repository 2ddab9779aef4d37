import http, { type IncomingMessage } from 'node:http';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { context, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { Dispatcher } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ClientTrace } from '../../../src/httptrace/client-trace.js';
import { CLIENT_TRACE_HOOKS } from '../../../src/httptrace/compose.js';
import { withClientTrace } from '../../../src/httptrace.js';
import { Random } from '../../emit/http/random.js';
import { askFetch, askRequest } from '../../support/clients/undici-apis.js';
import { UNDICI_FLAVOURS, type UndiciFlavour } from '../../support/clients/undici-flavours.js';
import { CA } from '../../support/servers/certificates.js';
import { tunnelProxy } from '../../support/servers/proxy-server.js';
import { http2Server, httpServer, httpsServer } from '../../support/servers/truthful-server.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const isBefore24 = Number.parseInt(process.versions.node, 10) < 24;

const WAVES = 15;
const CALLS_PER_WAVE = 100;

/** What a server saw of one request. */
interface Seen {
  readonly path: string;
  readonly traceparent: string;
  readonly port: number | undefined;
}

/** One call of the program's, and all that ran for it. */
interface Call {
  readonly path: string;
  readonly caller: SpanContext;
  /** The span in whose context each hook ran. */
  readonly contexts: (string | undefined)[];
  readonly ports: (number | undefined)[];
  isAnswered: boolean;
}

/** Makes one request, and reads the answer. */
type Ask = (path: string, signal: AbortSignal) => Promise<unknown>;

interface Way {
  readonly ask: Ask;
  /** Whether the server sees the very connection that the request was given. */
  readonly isDirect: boolean;
}

/** As much of a response as all servers have. */
interface Answering {
  writeHead(status: number, headers?: Record<string, number>): unknown;
  write(chunk: string): unknown;
  end(chunk?: string): unknown;
}

/** Answers in the way that the path ends with, in its own time. */
async function behave(seen: Seen[], req: IncomingMessage, res: Answering): Promise<void> {
  const { url = '', headers } = req;
  seen.push({ path: url, traceparent: String(headers.traceparent), port: req.socket.remotePort });
  await setTimeout(url.length % 5);
  if (url.endsWith('reset')) {
    req.socket.destroy();
  } else if (url.endsWith('cut')) {
    res.writeHead(200, { 'content-length': 10 });
    res.write('part');
    setTimeout(1).then(() => req.socket.destroy());
  } else if (url.endsWith('slow')) {
    await setTimeout(12);
    res.end('ok');
  } else {
    res.end('ok');
  }
}

const BEHAVIOURS = ['ok', 'ok', 'ok', 'ok', 'slow', 'slow', 'reset', 'cut'] as const;

async function waysOf(
  flavour: UndiciFlavour,
  random: Random,
  seen: Seen[],
  over: (() => unknown)[],
): Promise<Way[]> {
  const answer = (req: unknown, res: unknown) => behave(seen, req as IncomingMessage, res as Answering);
  const [plain, secure, second] = [
    await httpServer(answer),
    await httpsServer(answer),
    await http2Server(answer),
  ];
  const connect = { ca: CA };
  const options = () => ({ connections: 1 + random.below(4), pipelining: 1 + random.below(3), connect });
  const of = (dispatcher: Dispatcher, origin: string, isDirect = true): Way[] => {
    over.push(() => dispatcher.destroy());
    return [
      { isDirect, ask: (path, signal) => askFetch(flavour, dispatcher, origin + path, { signal }) },
      { isDirect, ask: (path, signal) => askRequest(dispatcher, origin + path, { signal, blocking: false }) },
      {
        isDirect,
        ask: (path, signal) =>
          askRequest(dispatcher, origin + path, { signal, method: 'POST', body: 'text' }),
      },
    ];
  };
  const { Agent, Pool, installed, major } = flavour;
  const proxy = await tunnelProxy();
  return [
    ...of(new Pool(plain.origin, options()), plain.origin),
    ...of(new Pool(secure.origin, options()), secure.origin),
    ...of(new Agent(options()), plain.origin),
    ...of(new Agent(options()), secure.origin),
    // undici 6 does not survive two requests at once on an HTTP/2 connection.
    ...(major === 6 ? [] : of(new Pool(second.origin, { ...options(), allowH2: true }), second.origin)),
    ...(installed === undefined
      ? []
      : of(
          new installed.ProxyAgent({ uri: `http://127.0.0.1:${proxy.port}`, requestTls: connect }),
          secure.origin,
          false,
        )),
    { isDirect: true, ask: nodeAsk(plain.origin) },
  ];
}

function nodeAsk(origin: string): Ask {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
  onTestFinished(() => agent.destroy());
  return (path, signal) =>
    new Promise((resolve, reject) => {
      http
        .get(origin + path, { agent, signal }, (res) => res.on('error', reject).on('end', resolve).resume())
        .on('error', reject);
    });
}

function noting(call: Call): ClientTrace {
  const hooks: Record<string, unknown> = {};
  for (const name of CLIENT_TRACE_HOOKS) {
    hooks[name] = () => {
      call.contexts.push(trace.getActiveSpan()?.spanContext().spanId);
    };
  }
  return {
    ...hooks,
    gotConn: ({ conn }) => {
      call.contexts.push(trace.getActiveSpan()?.spanContext().spanId);
      call.ports.push(conn.localPort);
    },
  };
}

async function callOnce({ ask }: Way, path: string, random: Random): Promise<Call> {
  const span = telemetry.tracerProvider.getTracer('program').startSpan('program', { root: true });
  const call: Call = { path, caller: span.spanContext(), contexts: [], ports: [], isAnswered: false };
  const controller = new AbortController();
  // undici now and then forgets one of several on a connection that is reset: nobody waits for ever.
  const patience = random.below(4) === 0 ? random.below(25) : 2_000;
  const timer = globalThis.setTimeout(() => controller.abort(), patience);
  const ctx = withClientTrace(trace.setSpan(ROOT_CONTEXT, span), noting(call));
  const asked = context.with(ctx, () => ask(path, controller.signal));
  try {
    await asked;
    call.isAnswered = true;
  } catch {
    // What goes wrong is part of the storm.
  }
  clearTimeout(timer);
  span.end();
  return call;
}

/** What is wrong with all that was recorded of a call. */
function faults(
  { path, caller, contexts, ports, isAnswered }: Call,
  spans: readonly ReadableSpan[],
  seen: readonly Seen[],
  isDirect: boolean,
): string[] {
  const [span, ...more] = spans;
  const found: string[] = [];
  if (more.length > 0 || (span === undefined && (isAnswered || seen.length > 0))) {
    found.push(`${spans.length} spans`);
  }
  const id = span?.spanContext().spanId;
  if (span !== undefined && span.parentSpanContext?.spanId !== caller.spanId) {
    found.push('another parent');
  }
  if (seen.some(({ traceparent }) => !traceparent.includes(`${caller.traceId}-${id}`))) {
    found.push('another traceparent');
  }
  if (contexts.some((spanId) => spanId !== id)) {
    found.push('a hook in another context');
  }
  if (isAnswered && isDirect && ports.at(-1) !== seen.at(-1)?.port) {
    found.push('another connection');
  }
  return found.map((fault) => `${path}: ${fault}`);
}

function byPath<T>(all: readonly T[], pathOf: (one: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const one of all) {
    const path = pathOf(one);
    found.set(path, [...(found.get(path) ?? []), one]);
  }
  return found;
}

/**
 * From Node 24 on that of undici 6 alone. With 7 and 8 a storm does not always end there, with us or without: the body
 * of a response on a connection that is reset now and then stays open, and the abort of a `fetch` is lost when garbage
 * is collected.
 */
const STORMED = UNDICI_FLAVOURS.filter(({ major }) => major === 6 || isBefore24);

describe.each(STORMED)('$name', (flavour) => {
  it('tells each of 1,500 requests in a storm to its own caller', { timeout: 180_000 }, async () => {
    const random = new Random(flavour.major * 1000);
    telemetry.instrument();
    const seen: Seen[] = [];
    const calls: { call: Call; way: Way }[] = [];
    const over: (() => unknown)[] = [];
    for (let wave = 0; wave < WAVES; wave++) {
      const ways = await waysOf(flavour, random, seen, over);
      const asked: Promise<void>[] = [];
      for (let i = 0; i < CALLS_PER_WAVE; i++) {
        const way = random.pick(ways as [Way, ...Way[]]);
        const path = `/${wave}/${i}/${random.pick(BEHAVIOURS)}`;
        asked.push(callOnce(way, path, random).then((call) => void calls.push({ call, way })));
        if (random.below(10) === 0) {
          await setImmediate();
        }
      }
      await Promise.all(asked);
      await Promise.all(over.splice(0).map((end) => end()));
    }
    const spans = byPath(
      await telemetry.finished(),
      ({ attributes }) => new URL(String(attributes['url.full'])).pathname,
    );
    const seenOf = byPath(seen, ({ path }) => path);
    expect(
      calls.flatMap(({ call, way }) =>
        faults(call, spans.get(call.path) ?? [], seenOf.get(call.path) ?? [], way.isDirect),
      ),
    ).toEqual([]);
    expect(calls.filter(({ call }) => call.isAnswered).length).toBeGreaterThan(calls.length / 3);
  });
});
