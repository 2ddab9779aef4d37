import { describe, expect, it } from 'vitest';
import type { ReadableSpan } from '../../src/waterfall/readable-span.js';
import { phasesOf } from '../../src/waterfall/span-phases.js';
import { CLIENT, newConnection, refused, sinceStart, span } from './spans.js';

/** Each phase as `phase start-end details`, with `!` and the error of a failed one. */
function told(client: ReadableSpan, phaseSpans: ReadableSpan[] = []): string[] {
  return phasesOf(client, phaseSpans).map(({ phase, start, end, details, error }) =>
    [phase, `${sinceStart(start)}-${sinceStart(end)}`, ...details, ...(error ? [`!${error}`] : [])].join(' '),
  );
}

function client(
  attributes: Record<string, unknown>,
  events: [string, number, Record<string, unknown>?][] = [],
) {
  return span({ kind: CLIENT, start: 0, end: 100, attributes, events });
}

const ANSWERED = { 'http.response.status_code': 200 };

describe('the phases of a client span', () => {
  it('come from its events', () => {
    expect(told(newConnection())).toEqual([
      'getconn 0-20',
      'dns 1-4 localhost → ::1, 127.0.0.1',
      'connect 4-5 [::1]:8443 !ECONNREFUSED',
      'connect 5-7 127.0.0.1:8443',
      'tls 7-19 TLS 1.3 http/1.1',
      'send 20-21',
      'wait 21-41',
      'receive 41-80 48.2 kB',
    ]);
  });

  it('carry the error where it happened, and not around it', () => {
    expect(told(refused())).toEqual(['getconn 0-8', 'connect 1-7 127.0.0.1:9 !ECONNREFUSED']);
  });

  it('pair dials to several addresses that overlap', () => {
    const first = { 'network.peer.address': '::1', 'network.peer.port': 1 };
    const second = { 'network.peer.address': '127.0.0.1', 'network.peer.port': 1 };
    const events: [string, number, Record<string, unknown>?][] = [
      ['http.connect.start', 1, first],
      ['http.connect.start', 2, second],
      ['http.connect.done', 5, first],
      ['http.connect.done', 9, second],
    ];
    expect(told(client(ANSWERED, events))).toEqual(['connect 1-5 [::1]:1', 'connect 2-9 127.0.0.1:1']);
  });

  it('begin and end with their events, though attributes round how long they took', () => {
    const events: [string, number][] = [
      ['http.send.start', 10],
      ['http.send.done', 20.0004],
    ];
    const [send] = phasesOf(client({ ...ANSWERED, 'httptrace.send.duration': 0.01 }, events), []);
    expect(send?.start).toBe(phasesOf(client(ANSWERED, events), [])[0]?.start);
  });

  it('have no wait when the response began before everything was sent', () => {
    const events: [string, number][] = [
      ['http.send.start', 10],
      ['http.receive.start', 20],
      ['http.send.done', 30],
      ['http.receive.done', 90],
    ];
    expect(told(client(ANSWERED, events))).toEqual(['send 10-30', 'receive 20-90']);
  });

  it('last until the end of a span that got no response', () => {
    const events: [string, number][] = [
      ['http.send.start', 10],
      ['http.send.done', 20],
    ];
    const failed = { 'error.type': 'TimeoutError', 'httptrace.failed_phase': 'wait' };
    expect(told(client(failed, events))).toEqual(['send 10-20', 'wait 20-100 !TimeoutError']);
    expect(told(client({}, events))).toEqual(['send 10-20', 'wait 20-100']);
  });

  it('do not last forever when the event of their end is switched off', () => {
    const events: [string, number][] = [
      ['http.send.start', 10],
      ['http.receive.start', 40],
    ];
    expect(told(client(ANSWERED, events))).toEqual(['receive 40-100']);
  });

  it('last as long as the attributes say: an informational response ends no wait', () => {
    const lasting = (more: Record<string, number>, end = 130) =>
      phasesOf(
        span({
          kind: CLIENT,
          end,
          attributes: { 'http.response.status_code': 200, ...more },
          events: [
            ['http.send.start', 40],
            ['http.send.done', 60],
            ['http.receive.start', 70],
            ['GOT 1xx', 70],
            ...(end === 130 ? [['http.receive.done', 130] as [string, number]] : []),
          ],
        }),
        [],
      ).map(({ phase, start, end }) => [phase, sinceStart(start), sinceStart(end)]);
    expect(lasting({ 'httptrace.wait.duration': 0.04, 'httptrace.receive.duration': 0.03 })).toEqual([
      ['send', 40, 60],
      ['wait', 60, 100],
      ['receive', 100, 130],
    ]);
    expect(lasting({ 'httptrace.wait.duration': 0.04 }, 100)).toEqual([
      ['send', 40, 60],
      ['wait', 60, 100],
    ]);
    expect(lasting({})).toEqual([
      ['send', 40, 60],
      ['wait', 60, 70],
      ['receive', 70, 130],
    ]);
  });

  it('come from the spans of phases', () => {
    const parts = [
      span({ name: 'HTTP wait_for_connection localhost:443', start: 0, end: 20 }),
      span({
        name: 'DNS lookup localhost',
        start: 1,
        end: 4,
        attributes: { 'dns.question.name': 'localhost', 'dns.answers': ['127.0.0.1'] },
      }),
      span({
        name: 'socket connect 127.0.0.1:443',
        start: 4,
        end: 7,
        attributes: { 'network.peer.address': '127.0.0.1', 'network.peer.port': 443 },
      }),
      span({
        name: 'TLS client handshake localhost',
        start: 7,
        end: 19,
        error: 'certificate has expired',
        attributes: { 'error.type': 'CERT_HAS_EXPIRED' },
      }),
    ];
    expect(told(client({}), parts)).toEqual([
      'getconn 0-20',
      'dns 1-4 localhost → 127.0.0.1',
      'connect 4-7 127.0.0.1:443',
      'tls 7-19 !CERT_HAS_EXPIRED',
    ]);
  });

  it('are placed one after the other when only their durations are known', () => {
    const attributes = {
      ...ANSWERED,
      'httptrace.getconn.duration': 0.02,
      'httptrace.dns.duration': 0.003,
      'httptrace.connect.duration': 0.004,
      'httptrace.tls.duration': 0.01,
      'httptrace.send.duration': 0.001,
      'httptrace.wait.duration': 0.04,
      'httptrace.receive.duration': 0.039,
    };
    expect(told(client(attributes))).toEqual([
      'getconn 0-20',
      'dns 0-3',
      'connect 3-7',
      'tls 7-17',
      'send 20-21',
      'wait 21-61',
      'receive 61-100',
    ]);
  });

  it('show the one that failed even if nothing else is known of it', () => {
    const attributes = {
      'error.type': 'ECONNRESET',
      'httptrace.failed_phase': 'wait',
      'httptrace.getconn.duration': 0.02,
      'httptrace.send.duration': 0.001,
    };
    expect(told(client(attributes))).toEqual(['getconn 0-20', 'send 20-21', 'wait 21-100 !ECONNRESET']);
  });

  it('are none for nonsense', () => {
    const attributes = {
      'httptrace.dns.duration': Number.NaN,
      'httptrace.tls.duration': -1,
      'httptrace.send.duration': '5',
      'httptrace.failed_phase': 'lunch',
    };
    expect(told(client(attributes, [['http.dns.done', 5]]))).toEqual([]);
  });
});
