import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { deferred } from '../../support/deferred.js';
import { EventRecorder } from '../../support/event-recorder.js';
import { CA } from '../../support/servers/certificates.js';
import { httpServer, httpsServer } from '../../support/servers/truthful-server.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

/** More than the buffers of both sides take. */
const LARGE = Buffer.alloc(32 * 2 ** 20);

const SERVERS = [
  ['http', httpServer],
  ['https', httpsServer],
] as const;

/** How a connection breaks under an upload. */
const BREAKS: readonly (readonly [how: string, breakIt: (peer: Socket, own: Socket) => unknown])[] = [
  ['is reset by the server', (peer) => peer.resetAndDestroy()],
  ['is closed by the server', (peer) => peer.destroy()],
  ['is destroyed here', (_peer, own) => own.destroy()],
  ['fails here', (_peer, own) => own.destroy(new Error('broken'))],
];

describe.each(UNDICI_FLAVOURS)('an upload of $name', (flavour) => {
  describe.each(SERVERS)('over %s whose connection', (_scheme, serverOf) => {
    it.each(BREAKS)('%s was not sent, and says so', async (_how, breakIt) => {
      telemetry.instrument();
      const recorder = new EventRecorder();
      const { promise: arrived, resolve: arrives } = deferred();
      const { origin, connections } = await serverOf(() => arrives());
      const client = new flavour.Client(origin, { connect: { ca: CA } });
      const asked = recorder.run(() => client.request({ path: '/', method: 'POST', body: LARGE }));
      const failed = expect(asked).rejects.toThrow();
      await arrived;
      breakIt(connections[0] as Socket, recorder.gotConn.conn);
      await failed;
      await client.destroy();
      expect(recorder.only('wroteRequest')).toEqual([{ err: expect.any(Error) }]);
    });
  });
});
