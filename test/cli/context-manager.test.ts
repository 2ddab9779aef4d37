import { setTimeout as sleep } from 'node:timers/promises';
import { createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { AsyncLocalStorageContextManager } from '../../src/cli/context-manager.js';

const manager = new AsyncLocalStorageContextManager().enable();
const ctx = ROOT_CONTEXT.setValue(createContextKey('test'), 1);

describe('AsyncLocalStorageContextManager', () => {
  it('has the root context outside of everything', () => {
    expect(manager.active()).toBe(ROOT_CONTEXT);
  });

  it('makes a context active for a call and all that follows from it', async () => {
    const after = manager.with(ctx, async () => {
      await sleep(1);
      return manager.active();
    });
    expect(manager.active()).toBe(ROOT_CONTEXT);
    expect(await after).toBe(ctx);
  });

  it('passes on this, arguments and result', () => {
    const join = function (this: string, ...parts: string[]): string {
      return [this, ...parts].join();
    };
    expect(manager.with(ctx, join, 'a', 'b', 'c')).toBe('a,b,c');
  });

  it('binds a function to a context', () => {
    const bound = manager.bind(ctx, (add: number) => [manager.active(), add]);
    expect(bound(2)).toEqual([ctx, 2]);
    expect(manager.bind(ctx, 'no function')).toBe('no function');
  });
});
