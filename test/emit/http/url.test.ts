import { describe, expect, it } from 'vitest';
import { targetPath, targetQuery } from '../../../src/emit/http/url.js';

describe('targetPath and targetQuery', () => {
  it.each([
    ['/', '/', undefined],
    ['/search?q=1', '/search', 'q=1'],
    ['/p?', '/p', undefined],
    ['/p??a', '/p', '?a'],
    ['/p?a=?b', '/p', 'a=?b'],
    ['//a/b', '//a/b', undefined],
    ['//a/b?c', '//a/b', 'c'],
    ['/a/../%2e%2E/b;x=1', '/a/../%2e%2E/b;x=1', undefined],
    ['/r?to=http://b.io/p', '/r', 'to=http://b.io/p'],
    ['http://a.io/p?q=1', '/p', 'q=1'],
    ['http://u:p@a.io:80/p', '/p', undefined],
    ['http://a.io', '/', undefined],
    ['http://a.io?q=1', '/', 'q=1'],
    ['http://a.io//p', '//p', undefined],
    ['HTTP://a.io/p', '/p', undefined],
    ['*', '*', undefined],
    ['a.io:443', undefined, undefined],
    ['', undefined, undefined],
  ])('of %s are %s and %s', (target, path, query) => {
    expect([targetPath(target), targetQuery(target)]).toEqual([path, query]);
  });
});
