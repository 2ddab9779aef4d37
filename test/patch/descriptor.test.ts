import { describe, expect, it } from 'vitest';
import { layOverPrototype } from '../../src/patch/descriptor.js';

class Base {
  say(): string {
    return 'base';
  }
}

/** A class that inherits its method, and one that has it of its own. */
const prototypes = [
  { of: 'an inherited method', create: () => Object.create(Base.prototype) as Base },
  {
    of: 'a method of its own',
    create: () => Object.defineProperty(new Base(), 'say', { value: () => 'own', configurable: true }),
  },
  {
    of: 'a method that lists of keys show',
    create: () =>
      Object.defineProperty(new Base(), 'say', { value: () => 'own', enumerable: true, configurable: true }),
  },
];

describe.each(prototypes)('$of', ({ create }) => {
  it.each([
    { order: 'as they were laid', first: 0 },
    { order: 'the last first', first: 1 },
  ])('is as it was when two methods of ours were taken off, $order', ({ first }) => {
    const prototype = create();
    const before = Object.getOwnPropertyDescriptor(prototype, 'say');
    const stops = [() => 'one', () => 'two'].map((method) => layOverPrototype(prototype, 'say', method));
    const [stop, last] = first === 0 ? stops : stops.reverse();
    stop?.();
    expect(prototype.say()).toBe(first === 0 ? 'two' : 'one');
    expect(last?.()).toBe(true);
    expect(Object.getOwnPropertyDescriptor(prototype, 'say')).toEqual(before);
  });

  it('keeps ours under the method of somebody else, until that is gone', () => {
    const prototype = create();
    const before = Object.getOwnPropertyDescriptor(prototype, 'say');
    const stop = layOverPrototype(prototype, 'say', () => 'ours');
    const ours = prototype.say;
    prototype.say = () => 'theirs';
    expect(stop()).toBe(false);
    expect(prototype.say()).toBe('theirs');
    prototype.say = ours;
    expect(stop()).toBe(true);
    expect(Object.getOwnPropertyDescriptor(prototype, 'say')).toEqual(before);
  });

  it('keeps a method that was laid over it anew, whatever is taken off once more', () => {
    const prototype = create();
    const before = Object.getOwnPropertyDescriptor(prototype, 'say');
    const first = layOverPrototype(prototype, 'say', () => 'first');
    first();
    const second = layOverPrototype(prototype, 'say', () => 'second');
    expect(first()).toBe(true);
    const third = layOverPrototype(prototype, 'say', () => 'third');
    second();
    expect(prototype.say()).toBe('third');
    expect(third()).toBe(true);
    expect(Object.getOwnPropertyDescriptor(prototype, 'say')).toEqual(before);
  });
});
