import { once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { follow } from '../../src/httpsnoop/follow.js';

/** A response that waits for its turn on a pipelined connection: it has a request, and no socket yet. */
function queuedOn(socket: Socket): ServerResponse {
  return new ServerResponse(new IncomingMessage(socket));
}

function onClosed(res: ServerResponse, closed: () => void): void {
  follow(res, { countsBody: false, wroteHead: () => undefined, wroteBody: () => undefined, closed });
}

/** Some programs let a server speak on what is no socket of Node's. */
class Pipe extends Duplex {
  override _read(): void {
    // Nothing comes.
  }
}

const CONNECTIONS: [string, () => Socket][] = [
  ['a socket', () => new Socket()],
  ['a stream', () => new Pipe() as Duplex as Socket],
];

describe.each(CONNECTIONS)('a response that waits for its turn on %s', (_name, create) => {
  it('is closed once when the connection closes, also if the response closes after it', async () => {
    const socket = create();
    const res = queuedOn(socket);
    let calls = 0;
    onClosed(res, () => calls++);
    socket.destroy();
    await once(socket, 'close');
    await new Promise(setImmediate);
    expect(calls).toBe(1);
    res.emit('close');
    expect(calls).toBe(1);
  });

  it('is closed once when it closes, also if the connection closes after it', async () => {
    const socket = create();
    const res = queuedOn(socket);
    let calls = 0;
    onClosed(res, () => calls++);
    res.emit('close');
    expect(calls).toBe(1);
    socket.destroy();
    await once(socket, 'close');
    await new Promise(setImmediate);
    expect(calls).toBe(1);
  });

  it('is closed soon when the connection is gone already', async () => {
    const socket = create();
    socket.destroy();
    const closed = new Promise<void>((resolve) => onClosed(queuedOn(socket), resolve));
    await closed;
  });

  it('adds at most one listener to the connection, however many wait', async () => {
    const socket = create();
    const before = socket.listenerCount('close');
    const closed: number[] = [];
    for (let index = 0; index < 20; index++) {
      onClosed(queuedOn(socket), () => closed.push(index));
    }
    expect(socket.listenerCount('close')).toBe(socket instanceof Pipe ? before + 1 : before);
    socket.destroy();
    await once(socket, 'close');
    await new Promise(setImmediate);
    expect(closed).toHaveLength(20);
  });
});
