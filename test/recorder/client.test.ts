import { Socket } from 'node:net';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { describe, expect, it, vi } from 'vitest';
import { CLIENT_HOOKS } from '../../src/config/defaults.js';
import { lastPhase, type PhaseName, phaseDuration } from '../../src/emit/client/outcome.js';
import { ClientRecord, type ClientRecordListener } from '../../src/recorder/client.js';
import { useFakeClock } from '../support/fake-clock.js';

useFakeClock();

const LISTENER: ClientRecordListener = {
  requestMade: () => undefined,
  requestSent: () => undefined,
  headerWritten: () => undefined,
  nameResolved: () => undefined,
  dialDone: () => undefined,
  responseArrived: () => undefined,
  finished: () => undefined,
};

const HEAD = { statusCode: 200, headers: [] };
const NEW = { conn: new Socket(), reused: false, wasIdle: false, idleTime: 0 };
const REUSED = { ...NEW, reused: true, wasIdle: true };

const PHASES: readonly PhaseName[] = ['getconn', 'dns', 'connect', 'tls', 'send', 'wait', 'receive'];

/** What happens in a request, each at its millisecond. */
type Step = readonly [at: number, happens: (record: ClientRecord) => void];

const looksUp: Step[] = [
  [10, (record) => record.dnsStart({ host: 'a.example' })],
  [20, (record) => record.dnsDone({ addrs: [], coalesced: false })],
];
const connects: Step[] = [
  [20, (record) => record.connectStart('tcp', '127.0.0.1:80')],
  [30, (record) => record.connectDone('tcp', '127.0.0.1:80')],
];
const got: Step = [40, (record) => record.gotConn(NEW)];
const sent: Step = [60, (record) => record.wroteRequest({})];
const firstByte = (at: number): Step => [at, (record) => record.gotFirstResponseByte()];
const head = (at: number): Step => [at, (record) => record.gotResponse(HEAD)];
const informational = (at: number, code = 103): Step => [at, (record) => record.got1xxResponse(code)];
const ended = (at: number): Step => [at, (record) => record.ended()];
const failed = (at: number): Step => [at, (record) => record.failed(new Error('mine'))];

function recorded(steps: readonly Step[]): ClientRecord {
  const begin = performance.now();
  const record = new ClientRecord(ROOT_CONTEXT, begin, CLIENT_HOOKS, LISTENER);
  for (const [at, happens] of steps) {
    vi.advanceTimersByTime(begin + at - performance.now());
    happens(record);
  }
  return record;
}

/** The phases that happened, in milliseconds. */
function phasesOf(steps: readonly Step[]): Record<string, number> {
  const record = recorded(steps);
  const cutAt = record.outcome?.kind === 'ended' ? Number.NaN : record.endedAt;
  const phases = PHASES.map((phase) => [phase, phaseDuration(record, phase, cutAt)] as const).filter(
    ([, ms]) => !Number.isNaN(ms),
  );
  return Object.fromEntries(phases.map(([phase, ms]) => [phase, Math.round(ms)]));
}

describe('the phases of a request', () => {
  it('follow each other without a gap once it has its connection', () => {
    expect(phasesOf([...looksUp, ...connects, got, sent, firstByte(100), head(101), ended(130)])).toEqual({
      getconn: 40,
      dns: 10,
      connect: 10,
      send: 20,
      wait: 40,
      receive: 30,
    });
  });

  it('wait for the final response, whatever is said before', () => {
    expect(
      phasesOf([got, sent, firstByte(100), informational(101), informational(150), head(600), ended(700)]),
    ).toEqual({ getconn: 40, send: 20, wait: 540, receive: 100 });
  });

  it('count the pause for 100 Continue as part of sending', () => {
    const pause: Step[] = [
      [41, (record) => record.wait100Continue()],
      firstByte(50),
      [51, (record) => record.got100Continue()],
      informational(51, 100),
    ];
    expect(phasesOf([got, ...pause, sent, head(90), ended(95)])).toEqual({
      getconn: 40,
      send: 20,
      wait: 30,
      receive: 5,
    });
  });

  it('have no wait if the response began before all was sent', () => {
    expect(phasesOf([got, firstByte(50), head(51), sent, ended(70)])).toEqual({
      getconn: 40,
      send: 20,
      receive: 20,
    });
    expect(phasesOf([got, firstByte(50), head(51), ended(70)])).toEqual({ getconn: 40, receive: 20 });
  });

  it('know the time of the response from its head if nothing tells of its first byte', () => {
    expect(phasesOf([got, sent, head(100), ended(130)])).toEqual({
      getconn: 40,
      send: 20,
      wait: 40,
      receive: 30,
    });
  });
});

describe('the phase that a request was in when it was over', () => {
  it.each<[string, string, Step[], Record<string, number>]>([
    ['before anything else', 'getconn', [], { getconn: 900 }],
    ['in the lookup', 'dns', looksUp.slice(0, 1), { getconn: 900, dns: 890 }],
    [
      'in the dial',
      'connect',
      [...looksUp, ...connects.slice(0, 1)],
      { getconn: 900, dns: 10, connect: 880 },
    ],
    ['after the dial', 'getconn', connects, { getconn: 900, connect: 10 }],
    ['with its connection', 'send', [got], { getconn: 40, send: 860 }],
    ['sent', 'wait', [got, sent], { getconn: 40, send: 20, wait: 840 }],
    [
      'told to wait',
      'wait',
      [got, sent, firstByte(100), informational(100)],
      { getconn: 40, send: 20, wait: 840 },
    ],
    ['answered', 'receive', [got, sent, firstByte(100)], { getconn: 40, send: 20, wait: 40, receive: 800 }],
  ])('%s: %s', (_, phase, steps, durations) => {
    expect(lastPhase(recorded([...steps, failed(900)]))).toBe(phase);
    expect(phasesOf([...steps, failed(900)])).toEqual(durations);
  });

  it('is not its dial, if it was given another connection meanwhile', () => {
    const steps = [...looksUp, ...connects.slice(0, 1), got, sent, failed(900)];
    expect(phasesOf(steps)).toEqual({ getconn: 40, dns: 10, send: 20, wait: 840 });
    expect(lastPhase(recorded(steps))).toBe('wait');
  });
});

describe('a request that is sent again', () => {
  const again: Step = [100, (record) => record.gotConn(REUSED)];

  it('forgets the attempt before, and the dial for it', () => {
    const resent: Step = [120, (record) => record.wroteRequest({})];
    expect(
      phasesOf([...looksUp, ...connects, got, sent, firstByte(80), again, resent, head(150), ended(160)]),
    ).toEqual({ getconn: 100, send: 20, wait: 30, receive: 10 });
  });
});

it('keeps sixteen informational responses, and counts no further ones', () => {
  const flood = Array.from({ length: 40 }, (_, n) => informational(61 + n));
  const { facts } = recorded([got, sent, ...flood, head(600), ended(700)]);
  expect(facts.filter(({ hook }) => hook === 'got1xxResponse')).toHaveLength(16);
});
