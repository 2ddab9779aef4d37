import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { Method } from '../../src/patch/method.js';
import { type Overlay, overlayObject, overlayPrototype } from '../../src/patch/overlay.js';

interface Methods {
  readonly emit: Method;
  readonly missing: Method;
}

/** A class like Node's servers: its `emit` is inherited. */
function emitterClass(): { prototype: EventEmitter; create(): EventEmitter } {
  class Emitter extends EventEmitter {}
  return { prototype: Emitter.prototype, create: () => new Emitter() };
}

/** Notes the events that it sees. */
function noting(seen: unknown[]): Overlay<Methods> {
  return {
    emit: (own, parent) =>
      function emit(this: unknown, ...args: unknown[]): unknown {
        seen.push(args[0]);
        return Reflect.apply(own ?? parent.emit, this, args);
      },
  };
}

/** Patches as most libraries do: by assignment, keeping what was there. */
function patchAsOthersDo(prototype: EventEmitter, seen: unknown[]): void {
  const original = prototype.emit;
  prototype.emit = function (this: EventEmitter, ...args: Parameters<EventEmitter['emit']>) {
    seen.push(args[0]);
    return Reflect.apply(original, this, args);
  };
}

describe('methods laid over a prototype', () => {
  test('leave nothing where the prototype had nothing', () => {
    const { prototype } = emitterClass();
    const stop = overlayPrototype(prototype, noting([]));
    expect(Object.hasOwn(prototype, 'emit')).toBe(true);
    stop();
    stop();
    expect(Object.hasOwn(prototype, 'emit')).toBe(false);
  });

  test('put back the very descriptor that was there', () => {
    const { prototype } = emitterClass();
    const value = prototype.emit;
    const before = { value, enumerable: false, writable: false, configurable: true };
    Object.defineProperty(prototype, 'emit', before);
    const stop = overlayPrototype(prototype, noting([]));
    stop();
    expect(Object.getOwnPropertyDescriptor(prototype, 'emit')).toEqual(before);
  });

  test('pass on this, all arguments, the result and what is thrown', () => {
    const { prototype, create } = emitterClass();
    overlayPrototype(prototype, noting([]));
    const emitter = create();
    const calls: unknown[] = [];
    emitter.on('a', function (this: unknown, ...args) {
      calls.push([this === emitter, args]);
    });
    const thrown = new Error('thrown');
    emitter.on('b', () => {
      throw thrown;
    });
    expect(emitter.emit('a', 1, 2, 3)).toBe(true);
    expect(emitter.emit('nobody')).toBe(false);
    expect(() => emitter.emit('b')).toThrow(thrown);
    expect(calls).toEqual([[true, [1, 2, 3]]]);
  });

  test('call what is patched further up after them', () => {
    const { prototype, create } = emitterClass();
    class Derived extends EventEmitter {}
    Object.setPrototypeOf(prototype, Derived.prototype);
    overlayPrototype(prototype, noting([]));
    const seen: unknown[] = [];
    patchAsOthersDo(Derived.prototype, seen);
    create().emit('a');
    expect(seen).toEqual(['a']);
  });

  test('lie over the patch of somebody else, and take nothing but themselves off', () => {
    const { prototype, create } = emitterClass();
    const ours: unknown[] = [];
    const theirs: unknown[] = [];
    patchAsOthersDo(prototype, theirs);
    const patched = prototype.emit;
    const stop = overlayPrototype(prototype, noting(ours));
    create().emit('a');
    stop();
    create().emit('b');
    expect(prototype.emit).toBe(patched);
    expect([ours, theirs]).toEqual([['a'], ['a', 'b']]);
  });

  test('stay under the patch of somebody else', () => {
    const { prototype, create } = emitterClass();
    const ours: unknown[] = [];
    const theirs: unknown[] = [];
    const stop = overlayPrototype(prototype, noting(ours));
    patchAsOthersDo(prototype, theirs);
    const patched = prototype.emit;
    stop();
    create().emit('a');
    expect(prototype.emit).toBe(patched);
    expect([ours, theirs]).toEqual([['a'], ['a']]);
  });

  test('leave alone what is no method, and what cannot be replaced', () => {
    const prototype = Object.defineProperty({ missing: 'a value' }, 'emit', { value: () => 'fixed' });
    const before = Object.getOwnPropertyDescriptors(prototype);
    overlayPrototype<Methods>(prototype, { ...noting([]), missing: () => () => undefined });
    expect(Object.getOwnPropertyDescriptors(prototype)).toEqual(before);
  });
});

describe('methods laid over an object', () => {
  test('are not seen among its keys, and call what it had of its own', () => {
    const { create } = emitterClass();
    const seen: unknown[] = [];
    const emitter = create();
    const keys = Object.keys(emitter);
    overlayObject(emitter, noting(seen));
    expect(Object.keys(emitter)).toEqual(keys);
    const theirs: unknown[] = [];
    patchAsOthersDo(emitter, theirs);
    overlayObject(emitter, noting(seen));
    emitter.emit('a');
    expect([seen, theirs]).toEqual([['a', 'a'], ['a']]);
  });

  test('leave one alone that takes no properties', () => {
    const frozen = Object.freeze(emitterClass().create());
    overlayObject(frozen, noting([]));
    expect(Object.hasOwn(frozen, 'emit')).toBe(false);
  });
});
