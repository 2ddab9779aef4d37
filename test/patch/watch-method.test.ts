import { describe, expect, it } from 'vitest';
import { layOverObject } from '../../src/patch/descriptor.js';
import { watchMethod, watchNextCall } from '../../src/patch/watch-method.js';

class Base {
  greet(name: string): string {
    return `hello ${name}`;
  }

  fail(): never {
    throw new RangeError('as always');
  }

  frames(): string[] {
    return (new Error('where').stack ?? '').split('\n');
  }
}

class Derived extends Base {}

describe('watchMethod', () => {
  it('tells who calls what with what, before and after', () => {
    const told: unknown[] = [];
    const stop = watchMethod<Derived, string>(
      Derived.prototype,
      'greet',
      (self, args) => {
        told.push(['enter', self, [...args]]);
        return 'token';
      },
      (token, returned) => told.push(['leave', token, returned]),
    );
    const derived = new Derived();
    expect(derived.greet('you')).toBe('hello you');
    stop();
    expect(told).toEqual([
      ['enter', derived, ['you']],
      ['leave', 'token', true],
    ]);
  });

  it('tells that something is thrown, and lets it go on', () => {
    const told: unknown[] = [];
    const stop = watchMethod(
      Derived.prototype,
      'fail',
      () => undefined,
      (_token, returned) => told.push(returned),
    );
    expect(() => new Derived().fail()).toThrow(new RangeError('as always'));
    stop();
    expect(told).toEqual([false]);
  });

  it.each([
    ['the start', undefined],
    ['the whole', () => undefined],
  ])('stands once on the stack under the method of which it watches %s', (_what, leave) => {
    const stop = watchMethod(Derived.prototype, 'frames', () => undefined, leave);
    const ours = new Derived().frames().filter((frame) => frame.includes('watch-method.ts'));
    stop();
    expect(ours).toHaveLength(1);
  });

  it('leaves the descriptor that was there', () => {
    const before = [Base.prototype, Derived.prototype].map((holder) =>
      Object.getOwnPropertyDescriptors(holder),
    );
    for (const holder of [Base.prototype, Derived.prototype]) {
      watchMethod(holder, 'greet', () => undefined)();
    }
    expect(
      [Base.prototype, Derived.prototype].map((holder) => Object.getOwnPropertyDescriptors(holder)),
    ).toEqual(before);
  });

  it('only passes on when it is over, under the patch of somebody else', () => {
    const told: unknown[] = [];
    const stop = watchMethod(Derived.prototype, 'greet', () => told.push('ours'));
    const { greet } = Derived.prototype;
    Derived.prototype.greet = function (...args) {
      told.push('theirs');
      return Reflect.apply(greet, this, args);
    };
    stop();
    expect(new Derived().greet('you')).toBe('hello you');
    expect(told).toEqual(['theirs']);
    Reflect.deleteProperty(Derived.prototype, 'greet');
  });

  it('goes on to what is patched below it later', () => {
    const stop = watchMethod(Derived.prototype, 'greet', () => undefined);
    const { greet } = Base.prototype;
    Base.prototype.greet = () => 'patched';
    const greeting = new Derived().greet('you');
    Base.prototype.greet = greet;
    stop();
    expect(greeting).toBe('patched');
  });
});

describe('watchNextCall', () => {
  it('tells of one call of one object, which is then what it was', () => {
    const told: unknown[] = [];
    const derived = new Derived();
    watchNextCall<Derived, void>(
      derived,
      'greet',
      (self, args) => told.push([self === derived, Object.keys(derived), ...args]),
      (_token, returned) => told.push(returned, Object.getOwnPropertyNames(derived)),
    );
    expect(derived.greet('you')).toBe('hello you');
    expect(derived.greet('again')).toBe('hello again');
    expect(told).toEqual([[true, [], 'you'], true, []]);
  });

  it('tells once under the patch of somebody else, who keeps what was there', () => {
    const told: unknown[] = [];
    const derived = new Derived();
    watchNextCall(
      derived,
      'greet',
      (_self, args) => told.push(...args),
      () => undefined,
    );
    const { greet } = derived;
    derived.greet = (name) => `${greet.call(derived, name)}!`;
    expect(derived.greet('you')).toBe('hello you!');
    expect(derived.greet('again')).toBe('hello again!');
    expect(told).toEqual(['you']);
  });

  it('leaves alone what is frozen', () => {
    const frozen = Object.freeze(new Derived());
    watchNextCall(
      frozen,
      'greet',
      () => undefined,
      () => undefined,
    );
    expect(frozen.greet('you')).toBe('hello you');
  });
});

describe('what is laid over a method', () => {
  it.each([
    ['inherited, and listed', true],
    ['inherited, and hidden', false],
  ])('of a prototype that is %s is listed as that was', (_what, enumerable) => {
    const base = Object.defineProperty({}, 'greet', { value: () => 'hello', enumerable });
    const prototype = Object.create(base);
    const listed = (): string[] => {
      const names: string[] = [];
      for (const name in prototype) {
        names.push(name);
      }
      return names;
    };
    const before = listed();
    const stops = [1, 2].map(() => watchMethod(prototype, 'greet', () => undefined));
    expect(listed()).toEqual(before);
    for (const stop of stops.reverse()) {
      stop();
    }
    expect(Object.getOwnPropertyNames(prototype)).toEqual([]);
  });

  it('of one object is not among its keys, unless it was', () => {
    const inheriting = new Derived();
    const owning = { greet: () => 'its own' };
    layOverObject(inheriting, 'greet', () => 'ours');
    layOverObject(owning, 'greet', () => 'ours');
    expect(Object.keys({ ...inheriting })).toEqual([]);
    expect(inheriting.greet('you')).toBe('ours');
    expect(Object.keys({ ...owning })).toEqual(['greet']);
    expect(owning.greet()).toBe('ours');
  });
});
