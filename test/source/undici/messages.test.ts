import { hasSubscribers } from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  connect,
  create,
  end,
  FakeRequest,
  fail,
  ObservedSource,
  respond,
  send,
  sent,
  tell,
} from '../../support/clients/undici-messages.js';

const WRITTEN = ['getConn', 'gotConn', 'wroteHeaders', 'wroteRequest'];
const RESPONDED = [...WRITTEN, 'gotFirstResponseByte', 'gotResponse'];

describe('the messages of undici', () => {
  let observed: ObservedSource;

  beforeEach(() => {
    observed = new ObservedSource();
    observed.source.start();
  });

  afterEach(() => {
    observed.source.stop();
    expect(hasSubscribers('undici:request:create')).toBe(false);
    expect(observed.reports).toEqual([]);
  });

  /** A request that is written, on this connection. */
  function written(path: string, socket = connect()): FakeRequest {
    const request = new FakeRequest(path);
    create(request);
    send(request, socket);
    sent(request);
    return request;
  }

  it('tell of a request from its creation to its end', () => {
    const request = written('/');
    respond(request, 200);
    end(request);
    expect(observed.names('/')).toEqual([...RESPONDED, 'ended']);
  });

  it('tell the first error alone', () => {
    const error = new Error('first');
    const request = written('/');
    fail(request, error);
    fail(request, new Error('second'));
    fail(request, error);
    expect(observed.names('/')).toEqual([...WRITTEN, 'failed']);
    expect(observed.last('/')).toEqual({ name: 'failed', args: [error] });
  });

  it('tell the error of a request that was never written, and of no writing', () => {
    const request = new FakeRequest('/');
    create(request);
    fail(request, new Error('no connection'));
    expect(observed.names('/')).toEqual(['getConn', 'failed']);
  });

  it('tell that writing failed, if the body was not sent when the error came, and nothing of it after that', () => {
    const error = new Error('reset');
    const request = new FakeRequest('/');
    create(request);
    send(request, connect());
    fail(request, error);
    tell('undici:request:bodyChunkSent', { request, chunk: 'late' });
    sent(request);
    expect(observed.facts('/').slice(-2)).toEqual([
      { name: 'wroteRequest', args: [{ err: error }] },
      { name: 'failed', args: [error] },
    ]);
  });

  it('tell an error that is none as it is, and as an Error where one must be', () => {
    const request = new FakeRequest('/');
    create(request);
    send(request, connect());
    fail(request, 'had enough');
    expect(observed.facts('/').slice(-2)).toEqual([
      { name: 'wroteRequest', args: [{ err: new Error('had enough') }] },
      { name: 'failed', args: ['had enough'] },
    ]);
  });

  it('tell once that the body is sent', () => {
    const request = written('/');
    sent(request);
    respond(request, 200);
    end(request);
    expect(observed.names('/')).toEqual([...RESPONDED, 'ended']);
  });

  it('tell a body that is sent after the response has begun, and none after its end', () => {
    const [late, tooLate] = [new FakeRequest('/late'), new FakeRequest('/too-late')];
    for (const request of [late, tooLate]) {
      create(request);
      send(request, connect());
      respond(request, 413);
    }
    sent(late);
    end(late);
    end(tooLate);
    sent(tooLate);
    const answered = ['getConn', 'gotConn', 'wroteHeaders', 'gotFirstResponseByte', 'gotResponse'];
    expect(observed.names('/late')).toEqual([...answered, 'wroteRequest', 'ended']);
    expect(observed.names('/too-late')).toEqual([...answered, 'ended']);
  });

  it('tell an informational response before the final one', () => {
    const request = written('/');
    respond(request, 103, ['Link', '</a.css>', 'link', '</b.css>']);
    respond(request, 200);
    end(request);
    expect(observed.names('/')).toEqual([
      ...WRITTEN,
      ...['gotFirstResponseByte', 'got1xxResponse', 'gotResponse', 'ended'],
    ]);
    expect(observed.facts('/').find(({ name }) => name === 'got1xxResponse')?.args).toEqual([
      103,
      { link: '</a.css>, </b.css>' },
    ]);
  });

  it('tell 101 as a final response', () => {
    const request = written('/');
    respond(request, 101);
    end(request);
    expect(observed.names('/')).toEqual([...RESPONDED, 'ended']);
  });

  it('tell nothing after the end', () => {
    const request = written('/');
    respond(request, 200);
    end(request);
    end(request);
    fail(request, new Error('late'));
    respond(request, 200);
    tell('undici:request:bodyChunkReceived', { request, chunk: Buffer.from('late') });
    send(request, connect());
    expect(observed.names('/')).toEqual([...RESPONDED, 'ended']);
  });

  it('tell a request that is written again anew, with the connection that it got then', () => {
    const [first, second] = [connect(), connect()];
    const request = written('/', first);
    send(request, second);
    sent(request);
    respond(request, 200);
    end(request);
    expect(observed.names('/')).toEqual([...WRITTEN, ...RESPONDED.slice(1), 'ended']);
    const conns = observed.facts('/').flatMap(({ name, args }) => (name === 'gotConn' ? args : []));
    expect(conns).toMatchObject([
      { conn: first, reused: false },
      { conn: second, reused: false },
    ]);
  });

  it('count a part of a body once, also if another tool laid its method over ours before we listened anew', () => {
    class Receiving extends FakeRequest {
      onData(_chunk: Uint8Array): boolean {
        return true;
      }
    }
    const receive = (path: string) => {
      const request = new Receiving(path);
      create(request);
      send(request, connect());
      sent(request);
      respond(request, 200);
      expect(request.onData(Buffer.from('part'))).toBe(true);
      end(request);
    };
    receive('/before');
    const ours = Receiving.prototype.onData;
    Receiving.prototype.onData = function onData(chunk) {
      return ours.call(this, chunk);
    };
    observed.source.stop();
    observed.source.start();
    receive('/after');
    for (const path of ['/before', '/after']) {
      expect(observed.names(path)).toEqual([...RESPONDED, 'gotBodyChunk', 'ended']);
    }
  });

  it('tell nothing of requests that are older than the source, nor of connections without one', () => {
    const request = new FakeRequest('/older');
    const socket = connect();
    send(request, socket);
    tell('undici:request:bodyChunkSent', { request, chunk: 'x' });
    sent(request);
    respond(request, 103);
    respond(request, 200);
    tell('undici:request:bodyChunkReceived', { request, chunk: Buffer.from('x') });
    end(request);
    fail(request, new Error('late'));
    expect(observed.ledger.entries).toEqual([]);
  });

  it('tell that a connection carried a request which is older than the source, and when that was done', () => {
    const socket = connect();
    const older = new FakeRequest('/older');
    send(older, socket);
    sent(older);
    const behind = written('/behind', socket);
    respond(older, 200);
    end(older);
    respond(behind, 200);
    end(behind);
    const next = written('/next', socket);
    expect(observed.ledger.gotConn('/behind')).toMatchObject({ reused: true, wasIdle: false });
    expect(observed.ledger.gotConn('/next')).toMatchObject({ reused: true, wasIdle: true });
    end(next);
  });

  it('tell that a connection which is older than the source carried requests', () => {
    const request = written('/', new Socket());
    expect(observed.ledger.gotConn('/')).toMatchObject({ reused: true, wasIdle: false, idleTime: 0 });
    end(request);
  });

  it('tell nothing of a CONNECT', () => {
    const request = new FakeRequest('a.example:443', { method: 'CONNECT' });
    create(request);
    send(request, connect());
    respond(request, 200);
    end(request);
    expect(observed.ledger.entries).toEqual([]);
  });
});
