import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { UNDICI_FLAVOURS, type UndiciFlavour } from '../../support/clients/undici-flavours.js';
import { closing } from '../../support/clients/undici-traced.js';
import { useContextManager } from '../../support/context-manager.js';
import { deferred } from '../../support/deferred.js';
import { EventRecorder } from '../../support/event-recorder.js';
import { CA } from '../../support/servers/certificates.js';
import { http2Server, httpServer, httpsServer } from '../../support/servers/truthful-server.js';

useContextManager();
useRequestLedger();

/** More than lies in the buffers of the system between two sockets. */
const SIZE = 12_000_000;
const LARGE = Buffer.alloc(SIZE, 'x');

function* chunks(): Iterable<Buffer> {
  for (let at = 0; at < SIZE; at += 400_000) {
    yield LARGE.subarray(at, at + 400_000);
  }
}

const SERVERS = { http: httpServer, https: httpsServer, 'HTTP/2': http2Server };

const BODIES: Record<string, (flavour: UndiciFlavour) => Dispatcher.DispatchOptions['body']> = {
  'a Buffer': () => LARGE,
  'a string': () => LARGE.toString('latin1'),
  'a stream': () => Readable.from(chunks()),
  'a form': ({ FormData }) => {
    const form = new FormData();
    form.set('file', new Blob([LARGE]));
    return form;
  },
};

/** A server that reads no body before it is told to, and then answers when it has read all. */
function slowReader() {
  const arrived = deferred();
  const mayRead = deferred();
  let read = 0;
  const answer = async (req: Readable, res: { end(body: string): unknown }) => {
    arrived.resolve();
    await mayRead.promise;
    req.on('data', (chunk: Buffer) => {
      read += chunk.length;
    });
    req.on('end', () => res.end('thanks'));
  };
  return { answer, arrived: arrived.promise, resume: mayRead.resolve, read: () => read };
}

describe.each(UNDICI_FLAVOURS)('$name', (flavour) => {
  describe.each(Object.entries(SERVERS))('over %s', (_scheme, serve) => {
    it.each(Object.entries(BODIES))('tells of %s when its last byte is handed over', async (_kind, make) => {
      const { answer, arrived, resume, read } = slowReader();
      const { origin } = await serve(answer);
      const client = closing(new flavour.Client(origin, { allowH2: true, connect: { ca: CA } }));
      let readWhenWritten = -1;
      const recorder = new EventRecorder().on('wroteRequest', () => {
        readWhenWritten = read();
      });
      const asked = recorder.run(() =>
        client.request({ path: '/', method: 'POST', body: make(flavour) ?? null }),
      );
      await arrived;
      expect(recorder.hooks.at(-1)).toBe('wroteHeaders');
      resume();
      expect(await (await asked).body.text()).toBe('thanks');
      expect(recorder.only('wroteRequest')).toEqual([{}]);
      // The server is in the same process: it had read what does not fit into buffers, and not yet the end.
      expect(readWhenWritten).toBeGreaterThan(SIZE / 12);
      expect(recorder.hooks.slice(recorder.hooks.indexOf('wroteHeaders'))).toEqual(
        expect.arrayContaining(['wroteHeaders', 'wroteRequest', 'gotFirstResponseByte']),
      );
      expect(recorder.hooks.indexOf('wroteRequest')).toBeLessThan(
        recorder.hooks.indexOf('gotFirstResponseByte'),
      );
    });

    it('leaves nothing on the connection of an upload that failed, and says that it failed', async () => {
      const { answer, arrived } = slowReader();
      const { origin } = await serve(answer);
      const client = closing(new flavour.Client(origin, { allowH2: true, connect: { ca: CA } }));
      const recorder = new EventRecorder();
      const asked = recorder.run(() => client.request({ path: '/', method: 'POST', body: LARGE }));
      await arrived;
      const { conn } = recorder.gotConn;
      await Promise.all([expect(asked).rejects.toThrow(), client.destroy()]);
      expect(recorder.only('wroteRequest')).toEqual([{ err: expect.any(Error) }]);
      expect(
        conn
          .listeners('drain')
          .map(String)
          .filter((listener) => listener.includes('flushed')),
      ).toEqual([]);
    });
  });
});
