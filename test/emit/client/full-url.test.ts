import { describe, expect, it } from 'vitest';
import { fullUrl } from '../../../src/emit/client/attributes.js';
import { compileRedactedQueryParams } from '../../../src/emit/http/redaction.js';
import { originOf } from '../../../src/origin.js';
import { DEFAULT_REDACTED_QUERY_PARAMS } from '../../../src/semconv/defaults.js';

const params = compileRedactedQueryParams(DEFAULT_REDACTED_QUERY_PARAMS);

describe('fullUrl', () => {
  it.each([
    ['https://a.io', '/p?q=1', 'https://a.io/p?q=1'],
    ['http://a.io:8080', '/', 'http://a.io:8080/'],
    ['http://[::1]:8080', '/p', 'http://[::1]:8080/p'],
    ['http://a.io', '//b/c', 'http://a.io//b/c'],
    ['http://a.io', '/a/../b/%7E?x=%2F&x=1', 'http://a.io/a/../b/%7E?x=%2F&x=1'],
    ['http://a.io', '/p#fragment', 'http://a.io/p#fragment'],
    ['http://a.io', '/p?sig=abc#f', 'http://a.io/p?sig=REDACTED#f'],
    ['http://a.io', '/r?to=http://b.io/', 'http://a.io/r?to=http://b.io/'],
    ['http://a.io/', '/p', 'http://a.io/p'],
    ['http://a.io/base?x#y', '/p', 'http://a.io/p'],
    ['http://u:p@a.io', '/p', 'http://REDACTED:REDACTED@a.io/p'],
    ['http://a.io', '?q=1', 'http://a.io?q=1'],
    ['http://a.io', 'p', 'http://a.io/p'],
    ['http://a.io', '', 'http://a.io'],
    ['http://a.io', '*', 'http://a.io'],
    ['http://proxy:3128', 'http://a.io/p?q=1', 'http://a.io/p?q=1'],
    ['http://proxy:3128', 'HTTP://u:p@a.io/p?sig=x', 'HTTP://REDACTED:REDACTED@a.io/p?sig=REDACTED'],
  ])('of %s and %s is %s', (origin, target, url) => {
    expect(fullUrl(originOf(origin), target, params)).toBe(url);
  });
});
