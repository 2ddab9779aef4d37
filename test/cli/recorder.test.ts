import { Socket } from 'node:net';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { RequestRecorder } from '../../src/cli/recorder.js';
import type { GotConnInfo, TLSConnectionState } from '../../src/httptrace.js';
import { useFakeClock } from '../support/fake-clock.js';

const TLS_STATE: TLSConnectionState = {
  version: 'TLSv1.3',
  cipherSuite: 'TLS_AES_128_GCM_SHA256',
  negotiatedProtocol: 'h2',
  serverName: 'a.example',
  didResume: false,
  authorized: true,
};
const NEW_CONNECTION: GotConnInfo = { conn: new Socket(), reused: false, wasIdle: false, idleTime: 0 };
const REFUSED = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:443'), { code: 'ECONNREFUSED' });

let recorder: RequestRecorder;

/** Tells the recorder one thing after another, a millisecond apart. */
function tell(...steps: (() => unknown)[]): void {
  for (const step of steps) {
    step();
    vi.advanceTimersByTime(1);
  }
}

useFakeClock();

beforeEach(() => {
  recorder = new RequestRecorder({
    url: new URL('https://a.example/?sig=secret'),
    method: 'GET',
    headers: [],
    body: undefined,
  });
});

const dial = [
  () => recorder.getConn(),
  () => recorder.dnsStart({ host: 'a.example' }),
  () => recorder.dnsDone({ addrs: [{ address: '127.0.0.1', family: 4 }], coalesced: false }),
  () => recorder.connectStart('tcp', '127.0.0.1:443'),
  () => recorder.connectDone('tcp', '127.0.0.1:443'),
  () => recorder.tlsHandshakeStart(),
  () => recorder.tlsHandshakeDone(TLS_STATE),
  () => recorder.gotConn(NEW_CONNECTION),
];
const answer = [
  () => recorder.wroteHeaders(),
  () => recorder.wroteRequest({}),
  () => recorder.gotFirstResponseByte(),
  () => recorder.gotAnswer({ status: 200, headers: {}, protocol: 'HTTP/2' }),
  () => recorder.gotBody(12),
];

describe('RequestRecorder', () => {
  it('makes of the hooks the object that --json prints', () => {
    tell(...dial, ...answer, () => recorder.ended());
    expect(JSON.parse(JSON.stringify(recorder))).toEqual({
      url: 'https://a.example/?sig=REDACTED',
      method: 'GET',
      status: 200,
      protocol: 'HTTP/2',
      reused: false,
      phases: { getconn: 7, dns: 1, connect: 1, tls: 1, send: 2, wait: 1, receive: 3 },
      total: 13,
    });
  });

  it('counts from getConn on', () => {
    vi.advanceTimersByTime(100);
    tell(...dial, ...answer, () => recorder.ended());
    expect(recorder.toJSON().total).toBe(13);
  });

  it('leaves out the phases that a reused connection does not have', () => {
    tell(
      () => recorder.getConn(),
      () => recorder.gotConn({ ...NEW_CONNECTION, reused: true, wasIdle: true, idleTime: 5 }),
      ...answer,
      () => recorder.ended(),
    );
    expect(JSON.parse(JSON.stringify(recorder))).toMatchObject({
      reused: true,
      phases: { getconn: 1, send: 2, wait: 1, receive: 3 },
    });
    expect(recorder.facts().connection).toEqual({ reused: true, idleMs: 5 });
  });

  it('tells the phase and the reason of a failure', () => {
    tell(
      ...dial.slice(0, 4),
      () => recorder.connectDone('tcp', '127.0.0.1:443', REFUSED),
      () => recorder.failed(REFUSED),
    );
    expect(JSON.parse(JSON.stringify(recorder))).toEqual({
      url: 'https://a.example/?sig=REDACTED',
      method: 'GET',
      phases: { getconn: 5, dns: 1, connect: 1 },
      total: 5,
      error: 'ECONNREFUSED in connect: connect ECONNREFUSED 127.0.0.1:443',
    });
    expect(recorder.facts().phases.map(({ phase, error }) => [phase, error])).toEqual([
      ['getconn', undefined],
      ['dns', undefined],
      ['connect', 'ECONNREFUSED'],
    ]);
  });

  it.each([
    ['getconn', 1],
    ['dns', 2],
    ['connect', 4],
    ['tls', 6],
    ['send', 9],
    ['wait', 10],
    ['receive', 11],
  ])('knows that it failed in %s when that was still open', (phase, steps) => {
    tell(...[...dial, ...answer].slice(0, steps), () => recorder.failed(new Error('gone')));
    expect(recorder.failedPhase).toBe(phase);
  });

  it('does not blame an address that failed before another was reached', () => {
    tell(
      () => recorder.getConn(),
      () => recorder.connectStart('tcp', '[::1]:443'),
      () => recorder.connectDone('tcp', '[::1]:443', REFUSED),
      ...dial.slice(3),
      ...answer.slice(0, 2),
      () => recorder.failed(new Error('reset')),
    );
    expect(recorder.failedPhase).toBe('wait');
  });

  it('failed in receive when writing failed first, but the answer had begun', () => {
    tell(
      ...dial,
      () => recorder.wroteHeaders(),
      () => recorder.gotFirstResponseByte(),
      () => recorder.wroteRequest({ err: new Error('EPIPE') }),
      () => recorder.failed(new Error('reset')),
    );
    expect(recorder.failedPhase).toBe('receive');
  });

  it('failed in send when writing failed and nothing came back', () => {
    tell(
      ...dial,
      () => recorder.wroteHeaders(),
      () => recorder.wroteRequest({ err: new Error('EPIPE') }),
      () => recorder.failed(new Error('reset')),
    );
    expect(recorder.failedPhase).toBe('send');
  });

  it('has a wait of no time when the answer began before everything was sent', () => {
    tell(
      ...dial,
      () => recorder.wroteHeaders(),
      () => recorder.gotFirstResponseByte(),
      () => recorder.wroteRequest({}),
      () => recorder.ended(),
    );
    expect(recorder.toJSON().phases).toEqual({
      getconn: 7,
      dns: 1,
      connect: 1,
      tls: 1,
      send: 3,
      wait: 0,
      receive: 2,
    });
  });

  it('notes what happened in between', () => {
    tell(
      ...dial,
      () => recorder.wroteHeaders(),
      () => recorder.wait100Continue(),
      () => recorder.got1xxResponse(100),
      () => recorder.got1xxResponse(103),
    );
    expect(recorder.facts().moments.map(({ name }) => name)).toEqual([
      'body held back',
      '100 Continue',
      '103 Early Hints',
    ]);
  });

  it('says when a certificate was accepted without being verified', () => {
    tell(...dial.slice(0, 6), () =>
      recorder.tlsHandshakeDone({ ...TLS_STATE, didResume: true, authorized: false }),
    );
    expect(recorder.facts().phases.find(({ phase }) => phase === 'tls')?.details).toEqual([
      'TLS 1.3',
      'h2',
      'resumed',
      'not verified',
    ]);
  });
});
