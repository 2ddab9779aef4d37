import { once } from 'node:events';
import { constants, type ServerHttp2Session } from 'node:http2';
import { describe, expect, it } from 'vitest';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { UNDICI_FLAVOURS, type UndiciFlavour } from '../../support/clients/undici-flavours.js';
import { closing, seenByServer, told, tracedRequest } from '../../support/clients/undici-traced.js';
import { useContextManager } from '../../support/context-manager.js';
import { type ConnAtHand, codeOf } from '../../support/event-recorder.js';
import { CA } from '../../support/servers/certificates.js';
import { http2Server } from '../../support/servers/truthful-server.js';

useContextManager();
useRequestLedger();

const DIAL = ['connectStart', 'connectDone', 'tlsHandshakeStart', 'tlsHandshakeDone'];
const SENT = ['gotConn', 'wroteHeaders', 'wroteRequest'];
const ANSWERED = [...SENT, 'gotFirstResponseByte'];

function clientOf({ Client }: UndiciFlavour, origin: string) {
  return closing(new Client(origin, { allowH2: true, connect: { ca: CA }, pipelining: 100 }));
}

it.each(UNDICI_FLAVOURS)(
  '$name: what follows a GOAWAY has a dial and a connection of its own, and is the first there',
  async (flavour) => {
    let session: ServerHttp2Session | undefined;
    const { origin, connections } = await http2Server((req, res) => {
      session = req.stream.session as ServerHttp2Session;
      res.end('ok');
    });
    const client = clientOf(flavour, origin);
    const before = await tracedRequest(client, `${origin}/before`);
    const disconnected = once(client, 'disconnect');
    session?.goaway();
    await disconnected;
    const after = await tracedRequest(client, `${origin}/after`);
    const both = [before, after];
    expect(both.map(({ recorder }) => recorder.hooks)).toEqual(
      Array(2).fill(['getConn', ...DIAL, ...ANSWERED]),
    );
    expect(both.map(({ recorder }) => told(recorder.gotConn))).toEqual(both.map(seenByServer));
    expect(connections).toHaveLength(2);
  },
);

// undici 6 does not survive two requests at once on an HTTP/2 connection.
describe.each(UNDICI_FLAVOURS.filter(({ major }) => major !== 6))(
  '$name: a GOAWAY after the first of two requests',
  (flavour) => {
    /** A connection on which the next two requests have the identifiers 3 and 5. */
    async function two() {
      let answerAccepted: () => unknown = () => undefined;
      const { origin, connections } = await http2Server((req, res) => {
        const session = req.stream.session as ServerHttp2Session;
        if (req.url === '/accepted') {
          answerAccepted = () => res.end('ok');
        } else if (req.url === '/refused' && connections.length === 1) {
          session.goaway(constants.NGHTTP2_NO_ERROR, 3);
          answerAccepted();
        } else {
          res.end('ok');
        }
      });
      const client = clientOf(flavour, origin);
      const first = await tracedRequest(client, `${origin}/first`);
      const [accepted, refused] = await Promise.all([
        tracedRequest(client, `${origin}/accepted`),
        tracedRequest(client, `${origin}/refused`),
      ]);
      return { first, accepted, refused, connections };
    }

    if (flavour.major >= 8) {
      it('leaves the first where it is, and has the second sent again on a new connection', async () => {
        const { first, accepted, refused, connections } = await two();
        expect(connections).toHaveLength(2);
        expect(accepted.recorder.hooks).toEqual(['getConn', ...ANSWERED]);
        expect(told(accepted.recorder.gotConn)).toEqual(seenByServer(accepted));
        // undici dials by itself, with its old connection still open: for whom cannot be known.
        expect(refused.recorder.hooks).toEqual(['getConn', ...SENT, ...ANSWERED]);
        expect(refused.recorder.all('gotConn').map(([info]) => told(info as ConnAtHand))).toEqual([
          { port: first.recorder.gotConn.localPort, reused: true },
          seenByServer(refused),
        ]);
      });
    } else {
      it('fails both, on the connection that they had', async () => {
        const { first, accepted, refused } = await two();
        for (const { error, recorder } of [accepted, refused]) {
          expect(codeOf(error)).toBe('UND_ERR_SOCKET');
          expect(recorder.hooks).toEqual(['getConn', ...SENT]);
          expect(told(recorder.gotConn)).toEqual({ port: first.recorder.gotConn.localPort, reused: true });
        }
      });
    }
  },
);
