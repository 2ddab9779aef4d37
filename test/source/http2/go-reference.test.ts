import type { ClientHttp2Session, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openSession } from '../../support/clients/http2-sessions.js';
import { useContextManager } from '../../support/context-manager.js';
import { EventRecorder } from '../../support/event-recorder.js';
import {
  asGo,
  GO_HTTP2_SCENARIOS,
  type GoCall,
  type GoScenario,
  kindOf,
} from '../../support/go/go-reference.js';
import { CA } from '../../support/servers/certificates.js';
import { refusedPort } from '../../support/servers/raw-server.js';
import { type AnswerStream, type StreamServer, streamServer } from '../../support/servers/stream-server.js';

useContextManager();

interface Played {
  readonly outcome: readonly string[];
  readonly requests: readonly (readonly GoCall[])[];
}

interface Asked extends OutgoingHttpHeaders {
  readonly body?: string;
}

const ok: AnswerStream = (stream) => {
  stream.resume().on('end', () => {
    stream.respond({ ':status': 200 });
    stream.end('ok');
  });
};

function tls(answer: AnswerStream = ok): Promise<StreamServer> {
  return streamServer(answer, { tls: true });
}

/** One request, in a context of its own; gives back what it came to. */
async function ask(
  session: () => ClientHttp2Session,
  recorder: EventRecorder,
  { body, ...headers }: Asked = {},
  signal?: AbortSignal,
): Promise<string> {
  const stream = recorder.run(() => {
    const made = session().request(headers, { signal });
    if (headers.expect !== undefined) {
      made.on('continue', () => made.end(body));
    } else if (body !== undefined) {
      made.end(body);
    }
    return made;
  });
  let status = '';
  let error: unknown;
  stream.on('response', (head) => {
    status = String(head[':status']);
  });
  stream.on('error', (failure) => {
    error = failure;
  });
  stream.resume();
  await new Promise((resolve) => stream.on('close', resolve));
  return error === undefined ? status : `error: ${kindOf(error)}`;
}

/** A request on a session of its own. */
async function one(server: StreamServer, asked?: Asked): Promise<Played> {
  const recorder = new EventRecorder();
  const outcome = await ask(() => openSession(server.origin, { ca: CA }), recorder, asked);
  return { outcome: [outcome], requests: [recorder.calls.map(asGo)] };
}

async function twice(server: StreamServer): Promise<Played> {
  const recorders = [new EventRecorder(), new EventRecorder()];
  let session: ClientHttp2Session | undefined;
  const outcome: string[] = [];
  for (const recorder of recorders) {
    const opened = () => {
      session ??= openSession(server.origin, { ca: CA });
      return session;
    };
    outcome.push(await ask(opened, recorder));
    await setTimeout(30);
  }
  return { outcome, requests: recorders.map(({ calls }) => calls.map(asGo)) };
}

const PLAYS: Readonly<Record<string, () => Promise<Played>>> = {
  'h2-twice': async () => twice(await tls()),
  'h2c-twice': async () => twice(await streamServer(ok)),
  'h2-post-body': async () => one(await tls(), { ':method': 'POST', 'content-length': 5, body: 'hello' }),
  'h2-expect-continue': async () => {
    const server = await tls((stream, headers) => {
      stream.additionalHeaders({ ':status': 100 });
      ok(stream, headers);
    });
    return one(server, { ':method': 'POST', expect: '100-continue', 'content-length': 5, body: 'hello' });
  },
  'h2-early-hints': async () => {
    const server = await tls((stream, headers) => {
      stream.additionalHeaders({ ':status': 103, link: '</style.css>; rel=preload' });
      ok(stream, headers);
    });
    return one(server);
  },
  'h2-no-content': async () =>
    one(await tls((stream) => stream.respond({ ':status': 204 }, { endStream: true }))),
  'h2-head': async () => one(await tls(), { ':method': 'HEAD' }),
  'h2-reset-before-response': async () => one(await tls((stream) => stream.close(2))),
  'h2-reset-in-body': async () => {
    const server = await tls((stream) => {
      stream.respond({ ':status': 200 });
      stream.write('half');
      globalThis.setTimeout(() => stream.destroy(new Error('broken')), 20);
    });
    return one(server);
  },
  'h2-canceled-waiting': async () => {
    const caller = new AbortController();
    const server = await tls(() => caller.abort(new DOMException('too late', 'TimeoutError')));
    const recorder = new EventRecorder();
    const outcome = await ask(() => openSession(server.origin, { ca: CA }), recorder, {}, caller.signal);
    return { outcome: [outcome], requests: [recorder.calls.map(asGo)] };
  },
  'h2-beside-another': async () => {
    let held: ServerHttp2Stream | undefined;
    const server = await tls((stream, headers) => {
      if (headers[':path'] === '/first') {
        held = stream;
      } else {
        ok(stream, headers);
      }
    });
    const [first, second] = [new EventRecorder(), new EventRecorder()];
    let session: ClientHttp2Session | undefined;
    const opened = () => {
      session ??= openSession(server.origin, { ca: CA });
      return session;
    };
    const early = ask(opened, first, { ':path': '/first' });
    await first.until('wroteRequest');
    const late = await ask(opened, second, { ':path': '/second' });
    if (held !== undefined) {
      ok(held, {});
    }
    return {
      outcome: [await early, late],
      requests: [first, second].map(({ calls }) => calls.map(asGo)),
    };
  },
  'h2-connection-refused': async () => {
    const origin = `https://127.0.0.1:${await refusedPort()}`;
    const recorder = new EventRecorder();
    const outcome = await ask(() => openSession(origin), recorder);
    return { outcome: [outcome], requests: [recorder.calls.map(asGo)] };
  },
};

interface Difference {
  readonly reason: string;
  change(calls: readonly GoCall[], scenario: GoScenario): readonly GoCall[];
}

const DIFFERENCES: readonly Difference[] = [
  {
    reason: 'Each client sends header fields of its own, in its own order.',
    change: (calls) => calls.filter(({ hook }) => hook !== 'WroteHeaderField'),
  },
  {
    reason: 'Go asks its pool a second time for a connection in clear that is there.',
    change: (calls) =>
      calls.filter(({ hook }, index) => hook !== 'GetConn' || calls[index + 1]?.hook !== hook),
  },
];

function withoutFields(calls: readonly GoCall[]): readonly GoCall[] {
  return calls.filter(({ hook }) => hook !== 'WroteHeaderField');
}

describe('node:http2', () => {
  it.each(GO_HTTP2_SCENARIOS)('runs the same hooks as Go: $about', async (scenario) => {
    const { outcome, requests } = (await PLAYS[scenario.name]?.()) ?? { outcome: [], requests: [] };
    expect(outcome).toEqual(scenario.outcome);
    expect(requests.map(withoutFields)).toEqual(
      scenario.requests.map((calls) =>
        DIFFERENCES.reduce((before, { change }) => change(before, scenario), calls),
      ),
    );
  });

  it.each(DIFFERENCES)('differs from Go: $reason', ({ change }) => {
    const differing = GO_HTTP2_SCENARIOS.filter((scenario) =>
      scenario.requests.some((calls) => change(calls, scenario).length !== calls.length),
    );
    expect(differing).not.toEqual([]);
  });
});
