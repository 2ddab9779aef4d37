import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { describe, expect, it } from 'vitest';
import { openSession, resultOf } from '../../../support/clients/http2-sessions.js';
import { refusedPort } from '../../../support/servers/raw-server.js';
import {
  type AnswerStream,
  type StreamServer,
  streamServer,
} from '../../../support/servers/stream-server.js';
import { useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const {
  NGHTTP2_CANCEL,
  NGHTTP2_ENHANCE_YOUR_CALM,
  NGHTTP2_INTERNAL_ERROR,
  NGHTTP2_NO_ERROR,
  NGHTTP2_REFUSED_STREAM,
} = constants;

type Options = Parameters<ClientHttp2Session['request']>[1];

interface Ending {
  /** What the server does with it. */
  readonly answer: AnswerStream;
  readonly headers?: OutgoingHttpHeaders;
  readonly options?: () => Options;
  /** What the program does: when the response is there, or the server has got the request. */
  readonly act?: (stream: ClientHttp2Stream, session: ClientHttp2Session, server: StreamServer) => unknown;
  readonly when?: 'received' | 'response' | 'timeout';
}

/** How the span tells it. */
interface Told {
  readonly status: string;
  readonly type: unknown;
  readonly code: unknown;
  readonly failed: unknown;
}

const ok: AnswerStream = (stream) => {
  stream.respond({ ':status': 200 });
  stream.end('ok');
};
const half: AnswerStream = (stream) => {
  stream.respond({ ':status': 200 });
  stream.write('half of it');
};
const silent: AnswerStream = () => undefined;
const reset =
  (code: number): AnswerStream =>
  (stream) =>
    stream.close(code);
/** Node's `close` would end the body first. */
const resetInBody: AnswerStream = (stream) => {
  half(stream, {});
  setTimeout(() => stream.destroy(new Error('broken')), 20);
};

async function endOf({ answer, headers, options, act, when = 'received' }: Ending): Promise<Told> {
  let received: (stream: ServerHttp2Stream) => void;
  const there = new Promise<ServerHttp2Stream>((resolve) => {
    received = resolve;
  });
  const server = await streamServer((stream, head) => {
    answer(stream, head);
    received(stream);
  });
  telemetry.instrument();
  const session = openSession(server.origin);
  const stream = session.request({ ':path': '/', ...headers }, options?.());
  const result = resultOf(stream);
  if (act !== undefined) {
    if (when === 'timeout') {
      await there;
      stream.setTimeout(20);
    }
    await (when === 'received' ? there : once(stream, when));
    await act(stream, session, server);
  }
  await result;
  const { status, attributes } = await telemetry.onlyShown();
  return {
    status: status.code,
    type: attributes['error.type'],
    code: attributes['http.response.status_code'],
    failed: attributes['httptrace.failed_phase'],
  };
}

const UNSET = { status: 'UNSET', type: undefined, code: 200, failed: undefined };
const GIVEN_UP = { status: 'UNSET', type: undefined, code: undefined, failed: undefined };

function failed(type: string, failed: string, code?: number): Told {
  return { status: 'ERROR', type, code, failed };
}

const ENDINGS: readonly (readonly [name: string, ending: Ending, told: Told])[] = [
  ['a response with a body', { answer: ok }, UNSET],
  ['a response without one', { answer: (s) => s.respond({ ':status': 200 }, { endStream: true }) }, UNSET],
  ['a response to HEAD', { answer: ok, headers: { ':method': 'HEAD' } }, UNSET],
  ['204', { answer: (s) => s.respond({ ':status': 204 }, { endStream: true }) }, { ...UNSET, code: 204 }],
  [
    '410',
    { answer: (s) => s.respond({ ':status': 410 }, { endStream: true }) },
    { status: 'ERROR', type: '410', code: 410, failed: undefined },
  ],
  [
    'trailers',
    {
      answer: (stream) => {
        stream.respond({ ':status': 200 }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end('ok');
      },
    },
    UNSET,
  ],
  [
    'a complete response, and then a reset without an error, of an upload that nobody wants',
    {
      answer: (stream) => {
        stream.respond({ ':status': 200 });
        stream.end('ok');
        stream.close(NGHTTP2_NO_ERROR);
      },
      headers: { ':method': 'POST' },
    },
    UNSET,
  ],
  ['close(CANCEL) while waiting', { answer: silent, act: (s) => s.close(NGHTTP2_CANCEL) }, GIVEN_UP],
  ['close() while waiting', { answer: silent, act: (s) => s.close() }, GIVEN_UP],
  [
    'close(CANCEL) in the body',
    { answer: half, when: 'response', act: (s) => s.close(NGHTTP2_CANCEL) },
    UNSET,
  ],
  ['destroy() while waiting', { answer: silent, act: (s) => s.destroy() }, GIVEN_UP],
  [
    'close with another code',
    { answer: silent, act: (s) => s.close(NGHTTP2_INTERNAL_ERROR) },
    failed('ERR_HTTP2_STREAM_ERROR', 'wait'),
  ],
  [
    'destroy with an error',
    { answer: silent, act: (s) => s.destroy(Object.assign(new Error('own'), { code: 'E_OWN' })) },
    failed('E_OWN', 'wait'),
  ],
  [
    'destroy with an error in the body, which is the will of the caller',
    { answer: half, when: 'response', act: (s) => s.destroy(new Error('enough')) },
    UNSET,
  ],
  ['session.destroy()', { answer: silent, act: (_s, session) => session.destroy() }, GIVEN_UP],
  [
    'session.destroy() with an error',
    {
      answer: silent,
      act: (_s, session) => session.destroy(Object.assign(new Error('own'), { code: 'E_OWN' })),
    },
    failed('E_OWN', 'wait'),
  ],
  [
    'destroy() after a timeout',
    { answer: silent, when: 'timeout', act: (s) => s.destroy() },
    failed('TimeoutError', 'wait'),
  ],
  [
    'close(CANCEL) after a timeout',
    { answer: silent, when: 'timeout', act: (s) => s.close(NGHTTP2_CANCEL) },
    failed('TimeoutError', 'wait'),
  ],
  [
    'a reset by the server, with a code',
    { answer: reset(NGHTTP2_ENHANCE_YOUR_CALM) },
    failed('ERR_HTTP2_STREAM_ERROR', 'wait'),
  ],
  ['a refused stream', { answer: reset(NGHTTP2_REFUSED_STREAM) }, failed('ERR_HTTP2_STREAM_ERROR', 'wait')],
  [
    'a reset by the server with CANCEL, of which Node tells no error',
    { answer: reset(NGHTTP2_CANCEL) },
    failed('ERR_HTTP2_STREAM_ERROR', 'wait'),
  ],
  [
    'a reset by the server with NO_ERROR before it has answered, which Node tells as an end',
    { answer: reset(NGHTTP2_NO_ERROR), headers: { ':method': 'POST' } },
    failed('ERR_HTTP2_STREAM_ERROR', 'send'),
  ],
  ['a reset in the body', { answer: resetInBody }, failed('ERR_HTTP2_STREAM_ERROR', 'receive', 200)],
  [
    'a connection that is closed without a word',
    { answer: silent, act: (_s, _session, server) => server.connections[0]?.destroy() },
    failed('ECONNRESET', 'wait'),
  ],
  [
    'a connection that is closed in the body',
    { answer: half, when: 'response', act: (_s, _session, server) => server.connections[0]?.destroy() },
    failed('ECONNRESET', 'receive', 200),
  ],
  [
    'a connection that is reset',
    { answer: silent, act: (_s, _session, server) => server.connections[0]?.resetAndDestroy() },
    failed('ECONNRESET', 'wait'),
  ],
  [
    'GOAWAY with an error',
    {
      answer: silent,
      act: (_s, _session, server) => server.sessions[0]?.goaway(NGHTTP2_ENHANCE_YOUR_CALM),
    },
    failed('ERR_HTTP2_SESSION_ERROR', 'wait'),
  ],
  [
    'GOAWAY without one, after which the connection is reset',
    {
      answer: silent,
      act: async (_s, session, server) => {
        server.sessions[0]?.goaway(NGHTTP2_NO_ERROR);
        await once(session, 'goaway');
        server.connections[0]?.resetAndDestroy();
      },
    },
    failed('ECONNRESET', 'wait'),
  ],
];

describe('a request over node:http2 ends, once, with', () => {
  it.each(ENDINGS)('%s', async (_name, ending, told) => {
    expect(await endOf(ending)).toEqual(told);
  });

  it('an AbortSignal', async () => {
    const caller = new AbortController();
    const ending = { answer: silent, options: () => ({ signal: caller.signal }), act: () => caller.abort() };
    expect(await endOf(ending)).toEqual(GIVEN_UP);
  });

  it('an AbortSignal from before, which leaves no connection', async () => {
    const server = await streamServer();
    telemetry.instrument();
    const session = openSession(server.origin);
    await once(session, 'connect');
    await resultOf(session.request({}, { signal: AbortSignal.abort() }));
    expect((await telemetry.onlyShown()).status.code).toBe('UNSET');
  });

  it('an AbortSignal whose time is over', async () => {
    const caller = new AbortController();
    const ending = {
      answer: silent,
      options: () => ({ signal: caller.signal }),
      act: () => caller.abort(new DOMException('too late', 'TimeoutError')),
    };
    expect(await endOf(ending)).toEqual(failed('TimeoutError', 'wait'));
  });

  it('close(CANCEL), and session.destroy(), while the session connects', async () => {
    const server = await streamServer();
    telemetry.instrument();
    const session = openSession(server.origin);
    const closed = session.request({ ':path': '/closed' });
    const destroyed = session.request({ ':path': '/destroyed' });
    closed.close(NGHTTP2_CANCEL);
    session.destroy();
    await Promise.all([closed, destroyed].map(resultOf));
    const spans = await telemetry.shown();
    expect(spans.map(({ status, attributes }) => [status.code, attributes['error.type']])).toEqual([
      ['UNSET', undefined],
      ['UNSET', undefined],
    ]);
  });

  it('a dial that is refused: the first failed in it, the others in their queue', async () => {
    telemetry.instrument();
    const session = openSession(`http://127.0.0.1:${await refusedPort()}`);
    await Promise.all(['/a', '/b'].map((path) => resultOf(session.request({ ':path': path }))));
    const spans = await telemetry.shown();
    expect(
      spans.map(({ status, attributes }) => [
        attributes['url.full']?.toString().slice(-2),
        status.code,
        attributes['error.type'],
        attributes['httptrace.failed_phase'],
      ]),
    ).toEqual([
      ['/a', 'ERROR', 'ECONNREFUSED', 'connect'],
      ['/b', 'ERROR', 'ECONNREFUSED', 'getconn'],
    ]);
  });

  it('a session that is closed already, whether Node throws or tells the stream', async () => {
    const server = await streamServer();
    telemetry.instrument();
    const session = openSession(server.origin);
    await resultOf(session.request());
    session.close();
    const ask = () => resultOf(session.request({ ':path': '/late' }));
    const error = await Promise.resolve()
      .then(ask)
      .then(
        (result) => result.error,
        (thrown) => thrown.code,
      );
    expect(error).toBe('ERR_HTTP2_GOAWAY_SESSION');
    const span = (await telemetry.shown()).at(-1);
    expect(span?.status.code).toBe('ERROR');
    expect(span?.attributes).toMatchObject({
      'error.type': 'ERR_HTTP2_GOAWAY_SESSION',
      'httptrace.failed_phase': 'getconn',
    });
  });

  it('a response that nobody reads, though Node closes the stream only when it is read', async () => {
    const server = await streamServer();
    telemetry.instrument();
    const stream = openSession(server.origin).request();
    expect((await telemetry.onlyShown()).attributes['http.response.status_code']).toBe(200);
    expect(stream.destroyed).toBe(false);
    expect(stream.readableFlowing).toBe(null);
  });
});
