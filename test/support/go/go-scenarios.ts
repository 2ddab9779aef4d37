import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { EventRecorder, type RecordedCall } from '../event-recorder.js';
import { listen } from '../servers/listen.js';
import { rawServer, refusedPort, silentServer } from '../servers/raw-server.js';
import { type Answer, http2Server, httpServer, httpsServer } from '../servers/truthful-server.js';
import { asGo, type GoCall, type GoScenario, kindOf } from './go-reference.js';

/** A client under test, with connections of its own. */
export interface Session {
  /** Makes a request, follows its redirects, and reads the body; gives back the status of the last response. */
  request(url: string, options?: SessionRequest): Promise<number>;
  close(): Promise<unknown>;
}

export interface SessionRequest {
  readonly method?: string;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** Sends the body only when the server has said `100 Continue`. */
  readonly expectContinue?: boolean;
}

export interface SessionOptions {
  readonly http2?: boolean;
  /** Of an HTTP proxy that forwards. */
  readonly proxy?: string;
}

/** Opens a client that trusts the certificates of the tests, and asks for IPv4 addresses alone. */
export type OpenSession = (options?: SessionOptions) => Session;

/** A client of Node's, to be compared with Go's. */
export interface ReferenceClient {
  readonly name: string;
  readonly open: OpenSession;
  /** The scenarios that it cannot run, by name, and why. */
  readonly cannot: Readonly<Record<string, string>>;
  readonly differences: readonly Difference[];
}

/** Something that a client does in another way than Go's, with good reason. */
export interface Difference {
  readonly reason: string;
  /** Makes what this client should do of what Go did; the same calls where there is no difference. */
  change(calls: readonly GoCall[], scenario: GoScenario): readonly GoCall[];
}

/** What one client did in a scenario, in the form of the reference. */
interface Played {
  readonly outcome: readonly string[];
  readonly requests: readonly (readonly GoCall[])[];
}

type Play = (open: OpenSession) => Promise<Played>;

/** Each scenario of the reference, for any client. */
export const PLAYS: Readonly<Record<string, Play>> = {
  'http-new-then-reused': async (open) => {
    const { port } = await httpServer();
    return twice(open(), `http://localhost:${port}/`);
  },
  'http-by-ip': async (open) => once(open(), (await httpServer()).origin),
  'https-new-then-reused': async (open) => {
    const { port } = await httpsServer();
    return twice(open(), `https://localhost:${port}/`);
  },
  'h2-new-then-reused': async (open) => {
    const { port } = await http2Server();
    return twice(open({ http2: true }), `https://localhost:${port}/`);
  },
  'dns-failure': (open) => once(open(), 'http://no-such-host.invalid/'),
  'connection-refused': async (open) => once(open(), `http://127.0.0.1:${await refusedPort()}/`),
  'post-body': async (open) => {
    const { origin } = await httpServer();
    return once(open(), origin, { method: 'POST', body: 'hello' });
  },
  'expect-continue-accepted': async (open) => {
    const { origin } = await httpServer();
    return once(open(), origin, { method: 'POST', body: 'hello', expectContinue: true });
  },
  'early-hints': async (open) => {
    const { origin } = await httpServer((_req, res) => {
      res.writeEarlyHints({ link: '</style.css>; rel=preload' });
      res.end('ok');
    });
    return once(open(), origin);
  },
  'connection-close': async (open) => {
    const { origin } = await httpServer((_req, res) => res.setHeader('connection', 'close').end('ok'));
    return twice(open(), origin);
  },
  'reset-before-response': async (open) => {
    const { origin } = await rawServer((socket) => socket.once('data', () => socket.end()));
    return once(open(), origin);
  },
  'canceled-waiting': async (open) => {
    const { origin, received } = await silentServer();
    const caller = new AbortController();
    const played = once(open(), origin, { signal: caller.signal });
    await received;
    caller.abort(new DOMException('The caller waited long enough', 'TimeoutError'));
    return played;
  },
  redirect: async (open) => {
    const { origin } = await httpServer((req, res) =>
      req.url === '/second' ? res.end('ok') : res.writeHead(302, { location: '/second' }).end(),
    );
    return once(open(), `${origin}/first`);
  },
  'proxy-plain': async (open) => {
    const { origin } = await httpServer();
    return once(open({ proxy: await forwardingProxy() }), origin);
  },
  composed: async (open) => {
    const { origin } = await httpServer();
    const calls: GoCall[] = [];
    const trace = (name: string) => (call: RecordedCall) =>
      COMPOSED.has(call.hook) && calls.push({ hook: `${name}.${asGo(call).hook}` });
    const first = new EventRecorder(trace('first'));
    const second = new EventRecorder(trace('second'));
    const outcome = await outcomeOf(() => first.run(() => second.run(() => open().request(origin))));
    return { outcome: [outcome], requests: [calls] };
  },
};

/** The hooks that both traces of the reference's last scenario have. */
const COMPOSED = new Set<string>(['getConn', 'gotConn', 'wroteRequest']);

async function once(session: Session, url: string, options?: SessionRequest): Promise<Played> {
  onTestFinished(() => void session.close());
  const recorder = new EventRecorder();
  const outcome = await outcomeOf(() => recorder.run(() => session.request(url, options)));
  return { outcome: [outcome], requests: [recorder.calls.map(asGo)] };
}

async function twice(session: Session, url: string): Promise<Played> {
  const first = await once(session, url);
  // As long as in the reference, so that the connection lies idle.
  await setTimeout(30);
  const second = await once(session, url);
  return {
    outcome: [...first.outcome, ...second.outcome],
    requests: [...first.requests, ...second.requests],
  };
}

async function outcomeOf(request: () => Promise<number>): Promise<string> {
  try {
    return String(await request());
  } catch (error) {
    return `error: ${kindOf(error)}`;
  }
}

/** Passes requests for absolute URLs on. */
async function forwardingProxy(): Promise<string> {
  const forward: Answer = (_req, res) => res.end('forwarded');
  const port = await listen(createServer(forward));
  return `http://127.0.0.1:${port}`;
}
