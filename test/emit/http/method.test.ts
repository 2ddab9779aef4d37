import { describe, expect, it } from 'vitest';
import { compileKnownMethods, type RecordedMethod, unknownMethod } from '../../../src/emit/http/method.js';

/** Says how a method is recorded, with this list in place of the default. */
function recording(known?: readonly string[]): (method: string) => RecordedMethod {
  const methods = compileKnownMethods(known);
  return (method) => methods.get(method) ?? unknownMethod(method);
}

describe('the method of a request', () => {
  const record = recording();

  it.each(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY', 'TRACE'])(
    'records %s as it is',
    (method) => {
      expect(record(method)).toEqual({ method, original: undefined, spanName: method });
    },
  );

  it.each(['get', 'Post', 'FOO', 'PROPFIND', '_OTHER', 'constructor', '__proto__'])(
    'records %s as _OTHER, and keeps it as the original',
    (method) => {
      expect(record(method)).toEqual({ method: '_OTHER', original: method, spanName: 'HTTP' });
    },
  );

  it('has no original when there is no method', () => {
    expect(record('')).toEqual({ method: '_OTHER', original: undefined, spanName: 'HTTP' });
  });

  it('gives the same object each time for a known method', () => {
    expect(record('GET')).toBe(record('GET'));
  });

  it('takes a list in place of the default', () => {
    const recordListed = recording(['get', 'PURGE']);
    expect([recordListed('get').method, recordListed('PURGE').spanName, recordListed('GET').method]).toEqual([
      'get',
      'PURGE',
      '_OTHER',
    ]);
  });

  it('knows none when the list is empty', () => {
    expect(recording([])('GET')).toEqual({ method: '_OTHER', original: 'GET', spanName: 'HTTP' });
  });
});
