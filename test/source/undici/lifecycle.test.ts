import { channel, hasSubscribers, subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Dispatcher } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { HttpTraceInstrumentation } from '../../../src/index.js';
import type { ChannelName } from '../../../src/source/channels.js';
import type { RequestTrace } from '../../../src/source/request-trace.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
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
} from '../../support/clients/undici-messages.js';
import { EventRecorder } from '../../support/event-recorder.js';
import { survivors } from '../../support/garbage.js';
import { differences, surroundings } from '../../support/peers/untouched.js';

const CHANNELS: readonly ChannelName[] = [
  'undici:request:create',
  'undici:client:beforeConnect',
  'undici:client:connected',
  'undici:client:connectError',
  'undici:client:sendHeaders',
  'undici:request:bodyChunkSent',
  'undici:request:bodySent',
  'undici:request:headers',
  'undici:request:bodyChunkReceived',
  'undici:request:trailers',
  'undici:request:error',
  'net.client.socket',
];

const subscribed = () => CHANNELS.filter((name) => hasSubscribers(name));

/** The whole life of a request. */
function live(request: FakeRequest): void {
  create(request);
  send(request, connect());
  sent(request);
  respond(request, 200);
  end(request);
}

describe('a source that is stopped', () => {
  it('listens to nothing any more, however often it was started and stopped', () => {
    const { source } = new ObservedSource();
    source.start();
    source.start();
    expect(subscribed()).toEqual(CHANNELS);
    source.stop();
    source.stop();
    expect(subscribed()).toEqual([]);
    source.start();
    expect(subscribed()).toEqual(CHANNELS);
    source.stop();
    expect(subscribed()).toEqual([]);
  });

  it.each([
    ['answered', (request: FakeRequest) => end(request)],
    ['failed', (request: FakeRequest) => fail(request, new Error('reset'))],
  ])('listens on until each request under way has been %s, once', (_name, finish) => {
    const { source, ledger } = new ObservedSource();
    const requests = ['/1', '/2'].map((path) => new FakeRequest(path));
    source.start();
    requests.forEach(create);
    source.stop();
    expect(subscribed()).toEqual(CHANNELS);
    const [first, second] = requests as [FakeRequest, FakeRequest];
    finish(first);
    finish(first);
    fail(first, new Error('again'));
    expect(subscribed()).toEqual(CHANNELS);
    finish(second);
    expect(subscribed()).toEqual([]);
    expect(ledger.entries.map(({ facts }) => facts.length)).toEqual([2, 2]);
  });

  it('does not wait for a request that nobody traces', () => {
    const { source } = new ObservedSource(() => undefined);
    source.start();
    create(new FakeRequest('/'));
    source.stop();
    expect(subscribed()).toEqual([]);
  });

  it('is deaf to what comes later of a request that it has not seen to its end', () => {
    const { source, ledger, reports } = new ObservedSource();
    const request = new FakeRequest('/');
    source.start();
    live(request);
    source.stop();
    const { length } = ledger.of('/').facts;
    respond(request, 200);
    fail(request, new Error('late'));
    expect(ledger.of('/').facts).toHaveLength(length);
    expect(reports).toEqual([]);
  });
});

const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1');

describe.each(UNDICI_FLAVOURS)('dispatch of $name', ({ Agent, Client, Pool, installed }) => {
  // The one inside Node is found by its global dispatcher, in whose place an installed undici 8 puts one of its own.
  if (installed === undefined) {
    const before: unknown = Reflect.get(globalThis, GLOBAL_DISPATCHER);
    beforeEach(() => void Reflect.set(globalThis, GLOBAL_DISPATCHER, new Agent()));
    afterEach(() => void Reflect.set(globalThis, GLOBAL_DISPATCHER, before));
  }

  const prototype: Dispatcher = Object.getPrototypeOf(Client.prototype);
  const descriptor = () => Object.getOwnPropertyDescriptor(prototype, 'dispatch');

  /** A call for which no connection is free, of a pool that is destroyed under it. */
  async function callInVain(path: string): Promise<void> {
    const pool = new Pool('http://127.0.0.1:9', { connections: 1, connect: () => undefined });
    const asked = ['/first', path].map((each) => pool.request({ path: each, method: 'GET' }));
    await pool.destroy();
    expect(await Promise.allSettled(asked)).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
  }

  it('is the very one that it was when the source is stopped', () => {
    const { source } = new ObservedSource();
    const before = descriptor();
    source.start();
    expect(descriptor()).toEqual({ ...before, value: expect.any(Function) });
    expect(descriptor()?.value).not.toBe(before?.value);
    source.stop();
    expect(descriptor()).toEqual(before);
    expect(descriptor()?.value).toBe(before?.value);
  });

  it('goes on through what another tool laid over it, and each call is told once', async () => {
    const before = descriptor();
    onTestFinished(() => void Object.defineProperty(prototype, 'dispatch', before ?? {}));
    const { source, ledger } = new ObservedSource();
    source.start();
    onTestFinished(() => source.stop());
    const below = prototype.dispatch;
    let theirs = 0;
    prototype.dispatch = function dispatch(options, handler) {
      theirs++;
      return below.call(this, options, handler);
    };
    await callInVain('/started');
    source.stop();
    await callInVain('/stopped');
    source.start();
    await callInVain('/again');
    expect(ledger.entries.map(({ path }) => path)).toEqual(['/first', '/started', '/first', '/again']);
    expect(theirs).toBeGreaterThanOrEqual(6);
  });
});

describe('whatever of ours throws', () => {
  it('goes nowhere, and is reported once for each channel', () => {
    const throwing: RequestTrace = new Proxy({}, { get: () => fling });
    const { source, reports } = new ObservedSource(() => throwing);
    source.start();
    for (const path of ['/1', '/2']) {
      expect(() => live(new FakeRequest(path))).not.toThrow();
    }
    source.stop();
    expect(subscribed()).toEqual([]);
    expect(reports.map((report) => report.split(' ')[0]).sort()).toEqual([
      'undici:client:sendHeaders',
      'undici:request:bodySent',
      'undici:request:create',
      'undici:request:headers',
      'undici:request:trailers',
    ]);
  });

  it('at the beginning of a request leaves that request untraced', () => {
    const { source, reports } = new ObservedSource(fling);
    source.start();
    live(new FakeRequest('/1'));
    live(new FakeRequest('/2'));
    source.stop();
    expect(subscribed()).toEqual([]);
    expect(reports).toEqual([
      'undici:request:create could not be handled; further failures of it are not reported',
    ]);
  });

  it.each(CHANNELS)('because %s says what nobody expects goes nowhere, and is reported once', (name) => {
    const { source, reports } = new ObservedSource();
    source.start();
    onTestFinished(() => source.stop());
    for (const message of [undefined, null, {}, { request: null, socket: null, connectParams: null }]) {
      expect(() => channel(name).publish(message)).not.toThrow();
    }
    expect(reports.filter((report) => !report.startsWith(`${name} `))).toEqual([]);
    expect(reports.length).toBeLessThanOrEqual(1);
  });
});

it('an instrumentation that is disabled leaves each channel as it was, whoever else listens', () => {
  const theirs = () => undefined;
  const names: ChannelName[] = ['undici:request:create', 'http.client.request.start'];
  for (const name of names) {
    subscribe(name, theirs);
    onTestFinished(() => void unsubscribe(name, theirs));
  }
  const before = surroundings();
  const instrumentation = new HttpTraceInstrumentation();
  expect(differences(before, surroundings())).not.toEqual([]);
  const request = new FakeRequest('/');
  live(request);
  instrumentation.disable();
  expect(differences(before, surroundings())).toEqual([]);
  expect(names.map((name) => hasSubscribers(name))).toEqual([true, true]);
});

// Last of all: its source listens on for as long as these requests are under way.
describe('requests of which no end is ever told', () => {
  const trace: RequestTrace = new EventRecorder().trace;
  const { source, reports } = new ObservedSource(() => trace);
  beforeAll(() => source.start());
  afterAll(() => source.stop());

  it.each([
    ['while the source listens', () => undefined],
    ['when the source is stopped', () => source.stop()],
  ])('are collected %s', async (_name, then) => {
    const begin = (path: string) => {
      const request = new FakeRequest(path);
      create(request);
      send(request, connect());
      sent(request);
      respond(request, 103);
      return new WeakRef(request);
    };
    const requests = Array.from({ length: 100 }, (_, i) => begin(`/${i}`));
    then();
    // What was written last may be looked at once more.
    expect(await survivors(requests)).toBeLessThanOrEqual(1);
    expect(reports).toEqual([]);
  });
});

function fling(): never {
  throw new Error('ours');
}
