import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it, onTestFinished } from 'vitest';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { UNDICI_APIS } from '../../support/clients/undici-apis.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { closing, traced, tracedRequest } from '../../support/clients/undici-traced.js';
import { useContextManager } from '../../support/context-manager.js';
import { EventRecorder } from '../../support/event-recorder.js';
import { answering, rawServer } from '../../support/servers/raw-server.js';
import { httpServer } from '../../support/servers/truthful-server.js';

useContextManager();
const ledger = useRequestLedger();

const SENT = ['getConn', 'connectStart', 'connectDone', 'gotConn', 'wroteHeaders', 'wroteRequest'];

describe.each(UNDICI_FLAVOURS)('$name', (flavour) => {
  describe.each(UNDICI_APIS)('$name', ({ ask }) => {
    it('tells each informational response with its headers', async () => {
      const { origin } = await rawServer(
        answering(
          'HTTP/1.1 102 Processing\r\n\r\n' +
            'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n' +
            'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
        ),
      );
      const { answered, recorder } = await traced(() => ask(flavour, closing(new flavour.Agent()), origin));
      expect(answered).toMatchObject({ status: 200, body: 'ok' });
      expect(recorder.hooks).toEqual([
        ...SENT,
        ...['gotFirstResponseByte', 'got1xxResponse', 'got1xxResponse', 'putIdleConn'],
      ]);
      expect(recorder.all('got1xxResponse')).toEqual([
        [102, {}],
        [103, { link: '</a>, </b>', 'set-cookie': ['a=1', 'b=2'] }],
      ]);
    });

    it('aborts the request with what got1xxResponse returns', async () => {
      const refusal = new Error('No hints, please');
      const { origin } = await httpServer((_req, res) => {
        res.writeEarlyHints({ link: '</style.css>; rel=preload' });
        setTimeout(() => res.end('ok'), 1_000).unref();
      });
      const recorder = new EventRecorder();
      recorder.trace.got1xxResponse = () => refusal;
      const { error } = await traced(() => ask(flavour, closing(new flavour.Agent()), origin), recorder);
      await ledger.settled();
      expect(ledger.of('/').facts.at(-1)).toEqual({ name: 'failed', args: [refusal] });
      expect(error instanceof TypeError && error.message === 'fetch failed' ? error.cause : error).toBe(
        refusal,
      );
    });
  });

  it('calls what another tool put over onResponseStarted of one request, once, and tells beside it', async () => {
    const { origin } = await rawServer(answering('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
    let theirs = 0;
    const lay = (message: unknown) => {
      const { request } = message as { request: { onResponseStarted?(): void } };
      const inherited = Object.getPrototypeOf(request).onResponseStarted;
      request.onResponseStarted = function started() {
        theirs++;
        return inherited?.call(this);
      };
    };
    subscribe('undici:request:create', lay);
    onTestFinished(() => void unsubscribe('undici:request:create', lay));
    const client = closing(new flavour.Client(origin));
    for (const path of ['/1', '/2']) {
      const { recorder } = await tracedRequest(client, origin + path);
      expect(recorder.count('gotFirstResponseByte')).toBe(1);
    }
    expect(theirs).toBe(2);
  });
});
