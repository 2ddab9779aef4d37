import { describe, expect, it } from 'vitest';
import { compileRedactedQueryParams, redactQuery, redactUrl } from '../../../src/emit/http/redaction.js';
import { DEFAULT_REDACTED_QUERY_PARAMS } from '../../../src/semconv/defaults.js';
import { forSeeds, type Random } from './random.js';

const defaults = compileRedactedQueryParams(DEFAULT_REDACTED_QUERY_PARAMS);

describe('redactQuery', () => {
  it.each([
    ['X-Amz-Signature=abc', 'X-Amz-Signature=REDACTED'],
    ['X-Amz-Credential=abc', 'X-Amz-Credential=REDACTED'],
    ['X-Amz-Security-Token=abc', 'X-Amz-Security-Token=REDACTED'],
    ['AWSAccessKeyId=abc', 'AWSAccessKeyId=REDACTED'],
    ['Signature=abc', 'Signature=REDACTED'],
    ['sig=abc', 'sig=REDACTED'],
    ['X-Goog-Signature=abc', 'X-Goog-Signature=REDACTED'],
    ['q=1&sig=abc', 'q=1&sig=REDACTED'],
    ['sig=abc&q=1', 'sig=REDACTED&q=1'],
    ['sig=a&x=1&sig=b', 'sig=REDACTED&x=1&sig=REDACTED'],
    ['sig=a=b=c', 'sig=REDACTED'],
    ['sig=', 'sig=REDACTED'],
    ['b=2&a=%20+x&sig=abc&&=&a=%2f', 'b=2&a=%20+x&sig=REDACTED&&=&a=%2f'],
    ['%73ig=abc', '%73ig=REDACTED'],
    ['%73%69%67=abc', '%73%69%67=REDACTED'],
    ['X%2DAmz%2dSignature=abc', 'X%2DAmz%2dSignature=REDACTED'],
    ['%zz=1&%73ig=abc', '%zz=1&%73ig=REDACTED'],
  ])('of %s gives %s', (query, redacted) => {
    expect(redactQuery(query, defaults)).toBe(redacted);
  });

  it.each([
    '',
    'q=1',
    'sig',
    'SIG=abc',
    'Sig=abc',
    'signature=abc',
    'x-amz-signature=abc',
    'sig2=abc',
    'mysig=abc',
    'my-sig=abc',
    'q=sig=abc',
    'q=%73ig=abc',
    '%2573ig=abc',
    '%73ig%zz=abc',
    '%ff=abc',
    '%=1&%',
    '&&&',
    '=sig',
  ])('leaves %s alone', (query) => {
    expect(redactQuery(query, defaults)).toBe(query);
  });

  it('takes a list in place of the default', () => {
    const params = compileRedactedQueryParams(['token', 'a.b', 'naïve']);
    expect(redactQuery('sig=1&token=2&a.b=3&axb=4&na%C3%AFve=5&naïve=6', params)).toBe(
      'sig=1&token=REDACTED&a.b=REDACTED&axb=4&na%C3%AFve=REDACTED&naïve=REDACTED',
    );
  });

  it.each(['.', '\\', '^', '$', '*', '+', '?', '(', ')', '[', ']', '{', '}', '|', '/', '-'])(
    'takes %s in a name for nothing but itself',
    (char) => {
      const params = compileRedactedQueryParams([`a${char}b`]);
      expect(redactQuery(`a${char}b=1&ab=2&aab=3&a=4&b=5`, params)).toBe(
        `a${char}b=REDACTED&ab=2&aab=3&a=4&b=5`,
      );
    },
  );

  it.each([[[]], [['']]])('redacts nothing when the list is %j', (list) => {
    expect(redactQuery('sig=abc&=x', compileRedactedQueryParams(list))).toBe('sig=abc&=x');
  });

  it.each([
    ['without a value', 'a'.repeat(1 << 17)],
    ['of separators', '&'.repeat(1 << 17)],
    ['of percent signs', '%'.repeat(1 << 17)],
    ['of encoded keys', '%61&'.repeat(1 << 15)],
    ['of equals signs', '='.repeat(1 << 17)],
  ])('takes time in proportion to the length of a long query %s', (_, query) => {
    const started = performance.now();
    redactQuery(query, defaults);
    redactQuery(`${query}&%73ig`, defaults);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('redactUrl', () => {
  it.each([
    ['http://user:secret@a.io/p', 'http://REDACTED:REDACTED@a.io/p'],
    ['http://user@a.io/p', 'http://REDACTED:REDACTED@a.io/p'],
    ['http://user:@a.io/p', 'http://REDACTED:REDACTED@a.io/p'],
    ['http://:secret@a.io/p', 'http://REDACTED:REDACTED@a.io/p'],
    ['http://us@er:sec@ret@a.io', 'http://REDACTED:REDACTED@a.io'],
    ['http://user:secret@[::1]:80/p', 'http://REDACTED:REDACTED@[::1]:80/p'],
    ['https://user:secret@a.io?sig=1#f', 'https://REDACTED:REDACTED@a.io?sig=REDACTED#f'],
    ['http://a.io/p?sig=abc#fragment', 'http://a.io/p?sig=REDACTED#fragment'],
    ['http://a.io/p?sig=abc?x#', 'http://a.io/p?sig=REDACTED#'],
    ['http://a.io//p/../%7e?b=%2F&a=1&sig=x', 'http://a.io//p/../%7e?b=%2F&a=1&sig=REDACTED'],
  ])('of %s gives %s', (url, redacted) => {
    expect(redactUrl(url, defaults)).toBe(redacted);
  });

  it.each([
    'http://a.io/p',
    'http://a.io/@scope/pkg',
    'http://a.io/u:p@x',
    'http://a.io?u=x@y',
    'http://a.io#u@y',
    'http://a.io/p#?sig=abc',
    'http://a.io/p?',
    'http://@a.io/',
    'http://a.io/http://u:p@b.io/',
  ])('leaves %s alone', (url) => {
    expect(redactUrl(url, defaults)).toBe(url);
  });

  it('hides userinfo even when no parameter is to be redacted', () => {
    expect(redactUrl('http://u:p@a.io/?sig=abc', compileRedactedQueryParams([]))).toBe(
      'http://REDACTED:REDACTED@a.io/?sig=abc',
    );
  });
});

describe('any query', () => {
  const SECRET = 'S3CR3T';
  const PIECES = [
    '&',
    '=',
    '%',
    '%73',
    '%26',
    '%3D',
    'sig',
    'Sig',
    'a',
    '+',
    '?',
    '/',
    ';',
    'é',
    '%zz',
  ] as const;
  const KEYS = ['sig', '%73ig', 's%69g', 'Signature', 'X-Amz-Signature', 'X%2dAmz%2DSignature'] as const;

  const anyQuery = (random: Random): string => random.text(PIECES, 12);
  const secretParameter = (random: Random): string =>
    `${random.pick(KEYS)}=${random.text(['a', '=', '%', '?'], 3)}${SECRET}${random.text(['a', '=', '%'], 3)}`;

  it('never shows a secret', () => {
    forSeeds(5000, (random, seed) => {
      const query = [anyQuery(random), secretParameter(random), anyQuery(random)].join('&');
      expect(redactQuery(query, defaults), `seed ${seed}: ${query}`).not.toContain(SECRET);
      expect(redactUrl(`http://${SECRET}@h/?${query}`, defaults), `seed ${seed}`).not.toContain(SECRET);
    });
  });

  it('stays as it is when it is redacted again', () => {
    forSeeds(5000, (random, seed) => {
      const once = redactQuery(`${anyQuery(random)}&${secretParameter(random)}`, defaults);
      expect(redactQuery(once, defaults), `seed ${seed}`).toBe(once);
    });
  });

  it('keeps the rest as it was, in its order', () => {
    forSeeds(5000, (random, seed) => {
      const [before, after] = [anyQuery(random), anyQuery(random)].map((query) =>
        query.replaceAll(/sig|Sig|%73/g, ''),
      );
      expect(redactQuery(`${before}&sig=${SECRET}&${after}`, defaults), `seed ${seed}`).toBe(
        `${before}&sig=REDACTED&${after}`,
      );
    });
  });

  it('does to each parameter what URLSearchParams says of its name', () => {
    const names = new Set(DEFAULT_REDACTED_QUERY_PARAMS);
    forSeeds(5000, (random, seed) => {
      const query = anyQuery(random);
      const expected = query.split('&').map((parameter) => {
        const equals = parameter.indexOf('=');
        // The `&` keeps it from taking a first `?` for the beginning of a query.
        const [name] = new URLSearchParams(`&${parameter}`).keys();
        return equals >= 0 && names.has(name ?? '') ? `${parameter.slice(0, equals)}=REDACTED` : parameter;
      });
      expect(redactQuery(query, defaults), `seed ${seed}: ${query}`).toBe(expected.join('&'));
    });
  });
});
