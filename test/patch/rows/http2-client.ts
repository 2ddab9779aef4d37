import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { isAtLeast } from '../../support/clients/undici-flavours.js';
import type { Look, PatchedRow } from '../../support/peers/looked-at.js';
import { streamServer } from '../../support/servers/stream-server.js';

/** What Node exports no class of: the prototypes of a client's sessions and streams. */
function prototypes(): readonly [session: object, stream: object] {
  const nowhere = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const session = connect('http://localhost', { createConnection: () => nowhere });
  const stream = session.request().on('error', () => undefined);
  session.destroy();
  return [Object.getPrototypeOf(session), Object.getPrototypeOf(stream)];
}

const [SESSION, STREAM] = prototypes();

const { node } = process.versions;

/** What older releases publish nothing of is seen by these. */
const UNPUBLISHED: PatchedRow['methods'] =
  isAtLeast(node, 24, 12) || (node.startsWith('22.') && isAtLeast(node, 22, 23))
    ? []
    : ['uncork', '_write', '_writev', '_final'].map((method) => [STREAM, method] as const);

/** Looks at a request from its beginning until its stream is closed. */
async function lookAt(
  look: Look,
  session: ClientHttp2Session,
  stream: ClientHttp2Stream,
  name: string,
): Promise<void> {
  look.at(`${name}: made`, { session, stream });
  stream.on('ready', () => look.at(`${name}: open`, { session, stream }));
  // Two at once, for they are written in another way.
  stream.write('hel');
  stream.write('lo');
  await once(stream, 'response');
  look.at(`${name}: answered`, { session, stream });
  stream.on('data', () => look.at(`${name}: body`, { session, stream }));
  stream.on('end', () => look.at(`${name}: read`, { session, stream }));
  stream.end('hello');
  await once(stream, 'close');
  await setImmediate();
  look.at(`${name}: over`, { session, stream });
}

export const HTTP2_CLIENT_ROWS: readonly PatchedRow[] = [
  {
    name: 'sessions and streams of a client of node:http2',
    methods: [
      [SESSION, 'request'],
      [SESSION, 'emit'],
      [STREAM, 'emit'],
      [STREAM, 'push'],
      [STREAM, 'close'],
      ...UNPUBLISHED,
    ],
    async run(look) {
      const { origin } = await streamServer((stream) => {
        stream.respond({ ':status': 200 });
        stream.pipe(stream);
      });
      const session = connect(origin);
      session.on('connect', (_session, socket) => look.at('connected', { session, socket }));
      await lookAt(look, session, session.request({ ':method': 'POST' }), 'first');
      await lookAt(look, session, session.request({ ':method': 'PUT' }), 'second');
      const given = session.request({ ':path': '/given-up' });
      given.close(constants.NGHTTP2_CANCEL);
      await once(given, 'close');
      look.at('given up', { session, given });
      session.close();
      await once(session, 'close');
    },
  },
];
