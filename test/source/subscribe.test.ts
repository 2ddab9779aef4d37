import { channel, subscribe as listen, unsubscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { now } from '../../src/clock.js';
import { channelUses, guardedPair, subscribe } from '../../src/source/subscribe.js';
import { FakeRequest } from '../support/clients/undici-messages.js';

const NAME = 'undici:request:create';
const OTHER = 'net.client.socket';
const message = { request: new FakeRequest('/') };

describe('subscribe', () => {
  const reports: [message: string, error: unknown][] = [];
  const uncaught: unknown[] = [];
  const report = (text: string, error: unknown) => void reports.push([text, error]);
  const onUncaught = (error: unknown) => void uncaught.push(error);
  let earlier: NodeJS.UncaughtExceptionListener[] = [];

  beforeEach(() => {
    reports.splice(0);
    uncaught.splice(0);
    // The runner's own would end the test: Node tells there what a subscriber throws.
    earlier = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').on('uncaughtException', onUncaught);
  });

  afterEach(async () => {
    await setImmediate();
    process.removeAllListeners('uncaughtException');
    for (const listener of earlier) {
      process.on('uncaughtException', listener);
    }
    expect(uncaught).toEqual([]);
  });

  it('hands each channel its messages until it is stopped, any number of times', () => {
    const told: unknown[] = [];
    const socket = new Socket();
    const stop = subscribe({ [NAME]: (m) => told.push(m), [OTHER]: (m) => told.push(m) }, report);
    channel(NAME).publish(message);
    channel(OTHER).publish({ socket });
    stop();
    stop();
    channel(NAME).publish(message);
    expect(told).toEqual([message, { socket }]);
    expect([channel(NAME).hasSubscribers, channel(OTHER).hasSubscribers]).toEqual([false, false]);
  });

  it('leaves the subscribers of others alone', () => {
    const told: unknown[] = [];
    const theirs = (m: unknown) => told.push(m);
    listen(NAME, theirs);
    onTestFinished(() => void unsubscribe(NAME, theirs));
    const stop = subscribe({ [NAME]: () => undefined }, report);
    stop();
    expect(channel(NAME).hasSubscribers).toBe(true);
    channel(NAME).publish(message);
    expect(told).toEqual([message]);
  });

  it('reports a handler that throws once for its channel, and goes on', () => {
    const error = new Error('ours');
    let calls = 0;
    const failing = () => {
      calls++;
      throw error;
    };
    const theirs: unknown[] = [];
    const listener = (m: unknown) => theirs.push(m);
    const stop = subscribe({ [NAME]: failing, [OTHER]: failing }, report);
    listen(NAME, listener);
    onTestFinished(() => {
      stop();
      unsubscribe(NAME, listener);
    });
    for (let i = 0; i < 3; i++) {
      expect(() => channel(NAME).publish(message)).not.toThrow();
    }
    channel(OTHER).publish({ socket: new Socket() });
    expect(calls).toBe(4);
    expect(theirs).toHaveLength(3);
    expect(reports).toEqual([
      [`${NAME} could not be handled; further failures of it are not reported`, error],
      [`${OTHER} could not be handled; further failures of it are not reported`, error],
    ]);
  });

  it('lets the clock run on after a handler has thrown', async () => {
    const stop = subscribe(
      {
        [NAME]: () => {
          throw new Error('ours');
        },
      },
      report,
    );
    onTestFinished(stop);
    channel(NAME).publish(message);
    const before = now();
    await setImmediate();
    expect(now()).toBeGreaterThan(before);
  });

  it('holds the clock while one message is handled', () => {
    const times: number[] = [];
    const stop = subscribe(
      {
        [NAME]: () => {
          times.push(now());
          const until = performance.now() + 2;
          while (performance.now() < until) {
            // The thread is busy.
          }
          times.push(now());
        },
      },
      report,
    );
    onTestFinished(stop);
    channel(NAME).publish(message);
    expect(times[1]).toBe(times[0]);
  });

  it('counts what comes through a channel, and who listens', () => {
    const before = channelUses().get(NAME) ?? { listeners: 0, messages: 0 };
    const [listeners, messages] = [before.listeners, before.messages];
    const stops = [1, 2].map(() => subscribe({ [NAME]: () => undefined }, report));
    channel(NAME).publish(message);
    expect(channelUses().get(NAME)).toEqual({ listeners: listeners + 2, messages: messages + 2 });
    for (const stop of stops) {
      stop();
    }
    expect(channelUses().get(NAME)?.listeners).toBe(listeners);
  });

  it('guards a listener of two things as well', () => {
    const error = new Error('ours');
    const listener = guardedPair(
      'onSocket',
      () => {
        throw error;
      },
      report,
    );
    listener(1, 2);
    listener(1, 2);
    expect(reports).toEqual([
      ['onSocket could not be handled; further failures of it are not reported', error],
    ]);
  });
});
