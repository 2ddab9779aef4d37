import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { EmitPatch, type Intercept } from '../../src/patch/emit-patch.js';

/** A class like Node's servers: its `emit` is inherited. */
function emitterClass(): { prototype: EventEmitter; create(): EventEmitter } {
  class Emitter extends EventEmitter {}
  return { prototype: Emitter.prototype, create: () => new Emitter() };
}

/** Notes the events that it sees. */
function noting(seen: unknown[]): Intercept {
  return (emit, emitter, args) => {
    seen.push(args[0]);
    return Reflect.apply(emit, emitter, args);
  };
}

/** Patches as most libraries do: by assignment, keeping what was there. */
function patchAsOthersDo(prototype: EventEmitter, seen: unknown[]): () => void {
  const own = Object.getOwnPropertyDescriptor(prototype, 'emit');
  const original = prototype.emit;
  prototype.emit = function (this: EventEmitter, ...args: Parameters<EventEmitter['emit']>) {
    seen.push(args[0]);
    return Reflect.apply(original, this, args);
  };
  return () => {
    if (own === undefined) {
      Reflect.deleteProperty(prototype, 'emit');
    } else {
      Object.defineProperty(prototype, 'emit', own);
    }
  };
}

describe('EmitPatch', () => {
  test('leaves nothing where the prototype had nothing', () => {
    const { prototype } = emitterClass();
    const patch = new EmitPatch(prototype, noting([]));
    patch.install();
    expect(Object.hasOwn(prototype, 'emit')).toBe(true);
    patch.remove();
    expect(Object.hasOwn(prototype, 'emit')).toBe(false);
  });

  test('puts back the very descriptor that was there', () => {
    const { prototype } = emitterClass();
    const value = prototype.emit;
    Object.defineProperty(prototype, 'emit', {
      value,
      enumerable: false,
      writable: false,
      configurable: true,
    });
    const before = Object.getOwnPropertyDescriptor(prototype, 'emit');
    const patch = new EmitPatch(prototype, noting([]));
    patch.install();
    patch.remove();
    expect(Object.getOwnPropertyDescriptor(prototype, 'emit')).toEqual(before);
  });

  test('passes on this, all arguments, the result and what is thrown', () => {
    const { prototype, create } = emitterClass();
    new EmitPatch(prototype, noting([])).install();
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

  test('is installed once, however often it is asked for', () => {
    const { prototype, create } = emitterClass();
    const seen: unknown[] = [];
    const patch = new EmitPatch(prototype, noting(seen));
    patch.install();
    patch.install();
    create().emit('a');
    patch.remove();
    patch.remove();
    expect(seen).toEqual(['a']);
    expect(Object.hasOwn(prototype, 'emit')).toBe(false);
  });

  test('calls what is patched further up after it', () => {
    const { prototype, create } = emitterClass();
    class Derived extends EventEmitter {}
    Object.setPrototypeOf(prototype, Derived.prototype);
    new EmitPatch(prototype, noting([])).install();
    const seen: unknown[] = [];
    patchAsOthersDo(Derived.prototype, seen);
    create().emit('a');
    expect(seen).toEqual(['a']);
  });
});

describe('EmitPatch beside the patch of somebody else', () => {
  test('lies over it, and takes nothing but itself off', () => {
    const { prototype, create } = emitterClass();
    const ours: unknown[] = [];
    const theirs: unknown[] = [];
    patchAsOthersDo(prototype, theirs);
    const patched = prototype.emit;
    const patch = new EmitPatch(prototype, noting(ours));
    patch.install();
    create().emit('a');
    patch.remove();
    create().emit('b');
    expect(prototype.emit).toBe(patched);
    expect([ours, theirs]).toEqual([['a'], ['a', 'b']]);
  });

  test('stays under it, sees nothing when it is removed, and works again from there', () => {
    const { prototype, create } = emitterClass();
    const ours: unknown[] = [];
    const theirs: unknown[] = [];
    const patch = new EmitPatch(prototype, noting(ours));
    patch.install();
    patchAsOthersDo(prototype, theirs);
    const patched = prototype.emit;
    patch.remove();
    create().emit('a');
    expect([ours, theirs]).toEqual([[], ['a']]);
    patch.install();
    create().emit('b');
    expect(prototype.emit).toBe(patched);
    expect(ours).toEqual(['b']);
    expect(theirs).toContain('b');
  });

  test('is laid over it anew when it was thrown out', () => {
    const { prototype, create } = emitterClass();
    const ours: unknown[] = [];
    const patch = new EmitPatch(prototype, noting(ours));
    patch.install();
    const unpatch = patchAsOthersDo(prototype, []);
    patch.remove();
    unpatch();
    Reflect.deleteProperty(prototype, 'emit');
    patch.install();
    create().emit('a');
    expect(ours).toEqual(['a']);
    patch.remove();
    expect(Object.hasOwn(prototype, 'emit')).toBe(false);
  });
});
