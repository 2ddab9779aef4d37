import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { onClosed } from '../../src/httpsnoop/on-closed.js';

/** A response that waits for its turn on a pipelined connection: it has a request, and no socket yet. */
function queuedOn(socket: Socket): ServerResponse {
  return new ServerResponse(new IncomingMessage(socket));
}

describe('onClosed of a response that waits for its turn', () => {
  it('calls back once when the connection closes, also if the response closes after it', () => {
    const socket = new Socket();
    const res = queuedOn(socket);
    let calls = 0;
    onClosed(res, () => calls++);
    socket.emit('close');
    expect(calls).toBe(1);
    res.emit('close');
    expect(calls).toBe(1);
  });

  it('calls back once when the response closes, also if the connection closes after it', () => {
    const socket = new Socket();
    const res = queuedOn(socket);
    let calls = 0;
    onClosed(res, () => calls++);
    res.emit('close');
    expect(calls).toBe(1);
    socket.emit('close');
    expect(calls).toBe(1);
  });

  it('adds one listener to the connection, however many wait', () => {
    const socket = new Socket();
    const before = socket.listenerCount('close');
    const closed: number[] = [];
    for (let index = 0; index < 20; index++) {
      onClosed(queuedOn(socket), () => closed.push(index));
    }
    expect(socket.listenerCount('close')).toBe(before + 1);
    socket.emit('close');
    expect(closed).toHaveLength(20);
  });
});
