import { describe, expect, it } from 'vitest';
import { headerInList } from '../../../../src/emit/client/views/undici.js';

describe('headerInList', () => {
  it.each([
    [['User-Agent', 'curl/8'], 'curl/8'],
    [['a', 'b', 'user-agent', 'curl/8', 'user-agent', 'second'], 'curl/8'],
    [['user-agent', ['first', 'second']], 'first'],
    [['x', 'user-agent', 'y'], undefined],
    [['user-agent'], undefined],
    [[], undefined],
  ])('of %j is %s', (list, value) => {
    expect(headerInList(list, 'user-agent')).toBe(value);
  });
});
