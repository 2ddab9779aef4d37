import { describe, expect, it } from 'vitest';
import { byteLengthOf } from '../../src/httpsnoop/byte-length.js';

describe('byteLengthOf', () => {
  it.each([
    ['é€', undefined, 5],
    ['é€', null, 5],
    ['é€', () => undefined, 5],
    ['é€', 'utf8', 5],
    ['é€', 'UTF-8', 5],
    ['é€', 'latin1', 2],
    ['é€', 'UTF16LE', 4],
    ['aGVsbG8=', 'base64', 5],
    ['aGVs\nbG8=', 'BASE64', 5],
    ['aGVs bG8', 'base64url', 5],
    ['6865zz', 'Hex', 2],
    ['686', 'hex', 1],
  ])('of %j in %s is %i', (text, encoding, bytes) => {
    expect(byteLengthOf(text, encoding)).toBe(bytes);
  });

  it.each([
    [Buffer.from('é'), 2],
    [new Uint8Array(100).subarray(3, 10), 7],
    [new Uint16Array(4), 8],
    [new DataView(new ArrayBuffer(8), 2), 6],
  ])('of %o is %i, in whatever encoding', (chunk, bytes) => {
    expect(byteLengthOf(chunk, 'hex')).toBe(bytes);
  });

  it.each([undefined, null, 7, {}, ['a'], () => 'a'])('of %o, which nobody sends, is 0', (chunk) => {
    expect(byteLengthOf(chunk, undefined)).toBe(0);
  });

  it('takes the number that Node has computed', () => {
    expect(byteLengthOf('hello', undefined, 42)).toBe(42);
    expect(byteLengthOf('hello', 'utf8', 42)).toBe(42);
  });

  it('does not trust that number where Node only estimates', () => {
    expect(byteLengthOf('aGVs\nbG8=', 'base64', 6)).toBe(5);
  });
});
