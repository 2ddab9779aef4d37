import { describe, expect, it } from 'vitest';
import { compileHeaderCapture } from '../../../src/emit/http/headers.js';
import { captured, compiled } from './capturing.js';

describe('compileHeaderCapture', () => {
  it.each([[[]], [['']], [[' ']]])('is undefined for %j', (names) => {
    expect(compileHeaderCapture('request', names)).toBeUndefined();
  });

  it('matches names whatever their case, and writes them in lower case', () => {
    const capture = compiled('request', ['X-ONE']);
    expect(captured((attributes) => capture.addField(attributes, 'x-One', 'a'))).toEqual({
      'http.request.header.x-one': ['a'],
    });
  });

  it.each([
    'authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'www-authenticate',
    'proxy-authenticate',
  ])('hides the value of %s', (name) => {
    const capture = compiled('response', [name.toUpperCase()]);
    expect(captured((attributes) => capture.addField(attributes, name, ['secret', 'secret']))).toEqual({
      [`http.response.header.${name}`]: ['REDACTED'],
    });
  });

  it('hides the headers of the list in place of the default ones', () => {
    const capture = compiled('request', ['cookie', 'x-key'], ['X-Key']);
    expect(
      captured((attributes) => capture.addList(attributes, ['Cookie', 'a=b', 'X-KEY', 'secret'])),
    ).toEqual({
      'http.request.header.cookie': ['a=b'],
      'http.request.header.x-key': ['REDACTED'],
    });
  });
});

describe('a value', () => {
  it.each([
    ['a', ['a']],
    ['', ['']],
    [3495, ['3495']],
    [0, ['0']],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [
      ['a', 1],
      ['a', '1'],
    ],
    [Buffer.from('caf\xe9', 'latin1'), ['café']],
  ])('of %j becomes %j', (value, values) => {
    const capture = compiled('request', ['x-one']);
    expect(captured((attributes) => capture.addField(attributes, 'x-one', value))).toEqual({
      'http.request.header.x-one': values,
    });
  });

  it.each([[undefined], [null], [[]], [{}], [true], [() => 'a']])('of %s is none', (value) => {
    const capture = compiled('request', ['x-one', 'cookie']);
    expect(captured((attributes) => capture.addList(attributes, ['x-one', value, 'cookie', value]))).toEqual(
      {},
    );
  });

  it('is a copy, so that nothing later changes what was captured', () => {
    const values = ['a'];
    const attributes = captured((target) => compiled('request', ['x-one']).addField(target, 'x-one', values));
    values.push('b');
    expect(attributes).toEqual({ 'http.request.header.x-one': ['a'] });
  });

  it('does not come from a prototype', () => {
    const capture = compiled('request', ['constructor', '__proto__', 'tostring']);
    expect(captured((attributes) => capture.addReceived(attributes, {}))).toEqual({});
  });
});
