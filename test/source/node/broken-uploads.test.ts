import type * as http from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { nodeRequest } from '../../support/clients/node-clients.js';
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
const BREAKS: readonly (readonly [
  how: string,
  breakIt: (peer: Socket, request: http.ClientRequest) => unknown,
])[] = [
  ['is reset by the server', (peer) => peer.resetAndDestroy()],
  ['is closed by the server', (peer) => peer.destroy()],
  ['is destroyed here', (_peer, request) => request.socket?.destroy()],
  ['fails here', (_peer, request) => request.socket?.destroy(new Error('broken'))],
];

describe.each(SERVERS)('an upload over %s whose connection', (scheme, serverOf) => {
  it.each(BREAKS)('%s was not sent, and says so', async (_how, breakIt) => {
    telemetry.instrument();
    const recorder = new EventRecorder();
    const { promise: arrived, resolve: arrives } = deferred();
    const { port, connections } = await serverOf(() => arrives());
    const request = recorder.run(() =>
      nodeRequest(`${scheme}://localhost:${port}/`, { agent: false, ca: CA, method: 'POST' }),
    );
    const closed = new Promise((resolve) => request.on('error', () => undefined).on('close', resolve));
    request.end(LARGE);
    await arrived;
    breakIt(connections[0] as Socket, request);
    await closed;
    expect(recorder.only('wroteRequest')).toEqual([{ err: expect.any(Error) }]);
  });
});
