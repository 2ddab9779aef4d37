import { once } from 'node:events';
import * as tls from 'node:tls';
import { describe, expect, it, vi } from 'vitest';
import { tracedNode } from '../../support/clients/node-clients.js';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { useContextManager } from '../../support/context-manager.js';
import { EventRecorder } from '../../support/event-recorder.js';
import { CA } from '../../support/servers/certificates.js';
import { httpsServer } from '../../support/servers/truthful-server.js';

useContextManager();
useRequestLedger();

/** How often somebody reads the certificate of a peer meanwhile. */
async function reads(meanwhile: () => Promise<unknown>): Promise<number> {
  const spy = vi.spyOn(tls.TLSSocket.prototype, 'getPeerCertificate');
  await meanwhile();
  const { length } = spy.mock.calls;
  spy.mockRestore();
  return length;
}

async function handshake(port: number): Promise<void> {
  const socket = tls.connect({ port, host: '127.0.0.1', ca: CA, servername: 'localhost' });
  await once(socket, 'secureConnect');
  socket.destroy();
}

describe("the peer's certificate", () => {
  it('is read when a hook looks at it, and then once', async () => {
    const { port } = await httpsServer();
    const byNode = await reads(() => handshake(port));
    const ask = (recorder: EventRecorder) =>
      tracedNode(`https://localhost:${port}/`, { ca: CA, agent: false }, recorder);

    const unread = new EventRecorder();
    expect(await reads(() => ask(unread))).toBe(byNode);
    expect(unread.tlsState).toMatchObject({ serverName: 'localhost', authorized: true });

    const subjects: unknown[] = [];
    const reading = new EventRecorder().on('tlsHandshakeDone', () => {
      const { tlsState } = reading;
      subjects.push(tlsState.peerCertificate?.subject.CN, tlsState.peerCertificate?.subject.CN);
    });
    expect(await reads(() => ask(reading))).toBe(byNode + 1);
    expect(subjects).toEqual(['localhost', 'localhost']);
  });

  it('of a peer that is not trusted is there when that is told', async () => {
    const { port } = await httpsServer();
    const { recorder, error } = await tracedNode(`https://localhost:${port}/`, { agent: false });
    expect(error).toBeInstanceOf(Error);
    expect(recorder.tlsState).toMatchObject({ authorized: false });
    expect(recorder.tlsState.peerCertificate?.subject.CN).toBe('localhost');
  });
});
