import { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QuietListeners } from '../../src/patch/quiet-listeners.js';

describe('listeners that do not count', () => {
  const printing = process.listeners('warning');
  const warnings: Error[] = [];

  beforeEach(() => {
    warnings.splice(0);
    process.removeAllListeners('warning').on('warning', (warning) => warnings.push(warning));
  });

  afterEach(() => {
    process.removeAllListeners('warning');
    for (const listener of printing) {
      process.on('warning', listener);
    }
  });

  function addTen(emitter: EventEmitter): void {
    for (let count = 0; count < 10; count++) {
      emitter.on('event', () => undefined);
    }
  }

  it('leave the program its ten, and warn of its eleventh', async () => {
    const emitter = new EventEmitter();
    const listeners = new QuietListeners(emitter);
    listeners.on('event', () => undefined);
    addTen(emitter);
    await setImmediate();
    expect(warnings).toEqual([]);
    emitter.on('event', () => undefined);
    await setImmediate();
    expect(warnings).toHaveLength(1);
  });

  it('are told, in their place, until they are taken off', () => {
    const emitter = new EventEmitter();
    const told: string[] = [];
    emitter.on('event', () => told.push('theirs'));
    const listeners = new QuietListeners(emitter);
    listeners.on('event', () => told.push('last'));
    listeners.on('event', () => told.push('first'), 'prependListener');
    emitter.emit('event');
    listeners.removeAll();
    listeners.removeAll();
    emitter.emit('event');
    expect(told).toEqual(['first', 'theirs', 'last', 'theirs']);
  });

  it.each([
    ['the default', undefined],
    ['its own', 20],
    ['none', 0],
  ])('leave the limit as it was: %s', (_what, limit) => {
    const emitter = new EventEmitter();
    if (limit !== undefined) {
      emitter.setMaxListeners(limit);
    }
    const before = { ...emitter };
    const sets = [new QuietListeners(emitter), new QuietListeners(emitter)];
    for (const listeners of sets) {
      listeners.on('event', () => undefined);
    }
    for (const listeners of sets) {
      listeners.removeAll();
    }
    expect({ ...emitter }).toEqual({
      ...before,
      _events: emitter.eventNames().length === 0 ? expect.anything() : [],
    });
    expect(Reflect.get(emitter, '_maxListeners')).toBe(limit);
  });

  it('leave alone what the program says meanwhile', () => {
    const emitter = new EventEmitter();
    const listeners = new QuietListeners(emitter);
    listeners.on('event', () => undefined);
    emitter.setMaxListeners(30);
    listeners.removeAll();
    expect(emitter.getMaxListeners()).toBe(30);
  });
});
