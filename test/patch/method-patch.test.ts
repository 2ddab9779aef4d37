import { beforeEach, describe, expect, it } from 'vitest';
import { patchMethod } from '../../src/patch/method-patch.js';

class Base {
  inherited(...args: unknown[]): unknown[] {
    return ['inherited', this, ...args];
  }
}

class Patched extends Base {
  own(...args: unknown[]): unknown[] {
    return ['own', this, ...args];
  }
}

const { prototype } = Patched;

function descriptorOf(name: string): PropertyDescriptor | undefined {
  return Object.getOwnPropertyDescriptor(prototype, name);
}

describe.each(['own', 'inherited'] as const)('a patch of a method that is %s', (name) => {
  let before: PropertyDescriptor | undefined;

  beforeEach(() => {
    before = descriptorOf(name);
  });

  it('is given the method, the object and the arguments, and says what is returned', () => {
    const object = new Patched();
    const stop = patchMethod(prototype, name, (next, self, args) => [
      self,
      args,
      Reflect.apply(next, self, args),
    ]);
    expect(object[name](1, 2)).toEqual([object, [1, 2], [name, object, 1, 2]]);
    stop();
  });

  it('has the name of the method', () => {
    const stop = patchMethod(prototype, name, (next, self, args) => Reflect.apply(next, self, args));
    expect(prototype[name].name).toBe(name);
    stop();
  });

  it('leaves the very descriptor that was there, however often it is taken off', () => {
    const stop = patchMethod(prototype, name, () => 'patched');
    expect(descriptorOf(name)).not.toEqual(before);
    stop();
    stop();
    expect(descriptorOf(name)).toEqual(before);
  });

  it('passes on under the patch of somebody else, which it leaves in place', () => {
    const object = new Patched();
    const stop = patchMethod(prototype, name, () => 'patched');
    const ours = prototype[name];
    const theirs = function (this: Patched, ...args: unknown[]): unknown[] {
      return ['theirs', ...ours.apply(this, args)];
    };
    prototype[name] = theirs;
    stop();
    expect(prototype[name]).toBe(theirs);
    expect(object[name](1)).toEqual(['theirs', name, object, 1]);
    Reflect.deleteProperty(prototype, name);
    if (before !== undefined) {
      Object.defineProperty(prototype, name, before);
    }
  });
});

it('a patch of an inherited method calls the one that is inherited now', () => {
  const { inherited } = Base.prototype;
  const stop = patchMethod(prototype, 'inherited', (next, self, args) => Reflect.apply(next, self, args));
  Base.prototype.inherited = () => ['another'];
  expect(new Patched().inherited()).toEqual(['another']);
  Base.prototype.inherited = inherited;
  stop();
});
