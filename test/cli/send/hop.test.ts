import { describe, expect, it } from 'vitest';
import { firstHop, type Hop, redirectedHop, redirectTarget } from '../../../src/cli/send/hop.js';
import { VERSION } from '../../../src/version.js';
import { requestOptions } from '../command/parsed.js';

function hop(more: Partial<Hop>): Hop {
  return { url: new URL('https://a.example/x'), method: 'GET', headers: [], body: undefined, ...more };
}

describe('the first request', () => {
  it('has the headers of a plain client', () => {
    expect(firstHop(requestOptions('http://a/'), undefined)).toEqual({
      url: new URL('http://a/'),
      method: 'GET',
      headers: [
        ['user-agent', `httptrace/${VERSION}`],
        ['accept', '*/*'],
      ],
      body: undefined,
    });
  });

  it('takes given headers over its own, and leaves out those that are given empty', () => {
    const { headers } = firstHop(
      requestOptions('-H', 'User-Agent: me', '-H', 'Accept:', '-H', 'X: 1', '-H', 'X: 2', 'http://a/'),
      undefined,
    );
    expect(headers).toEqual([
      ['User-Agent', 'me'],
      ['X', '1'],
      ['X', '2'],
    ]);
  });

  it('is a POST of a form when there is data', () => {
    const { method, headers } = firstHop(requestOptions('http://a/'), Buffer.from('x=ü'));
    expect(method).toBe('POST');
    expect(headers.slice(2)).toEqual([
      ['content-type', 'application/x-www-form-urlencoded'],
      ['content-length', '4'],
    ]);
  });

  it.each([
    [['-I'], 'HEAD'],
    [['-I', '-X', 'GET'], 'GET'],
    [['-X', 'get'], 'get'],
  ])('with %j is a %s', (args, method) => {
    expect(firstHop(requestOptions(...args, 'http://a/'), undefined).method).toBe(method);
  });

  it('sends the credentials of the URL as a header, and keeps them nowhere else', () => {
    const { url, headers } = firstHop(requestOptions('http://us%20er:p%40ss@a/x#y'), undefined);
    expect(url.href).toBe('http://a/x');
    expect(headers).toContainEqual(['authorization', `Basic ${btoa('us er:p@ss')}`]);
  });
});

describe('a redirect', () => {
  it.each([
    [301, true],
    [302, true],
    [303, true],
    [307, true],
    [308, true],
    [300, false],
    [304, false],
    [200, false],
  ])('by %i is one: %s', (status, is) => {
    const target = redirectTarget({
      status,
      reason: '',
      headers: { location: '/y' },
      rawHeaders: [],
      protocol: 'HTTP/1.1',
    });
    expect(target !== undefined).toBe(is);
  });

  it.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [303, 'HEAD', 'HEAD'],
    [301, 'PUT', 'PUT'],
    [307, 'POST', 'POST'],
    [308, 'POST', 'POST'],
  ])('by %i turns %s into %s', (status, method, next) => {
    expect(redirectedHop(hop({ method }), status, '/y').method).toBe(next);
  });

  it('that becomes a GET leaves the body behind, and what describes it', () => {
    const post = hop({
      method: 'POST',
      body: Buffer.from('x'),
      headers: [
        ['Content-Type', 'text/plain'],
        ['accept', '*/*'],
      ],
    });
    expect(redirectedHop(post, 303, '/y')).toEqual(
      hop({ url: new URL('https://a.example/y'), headers: [['accept', '*/*']] }),
    );
    expect(redirectedHop(post, 307, '/y')).toEqual({ ...post, url: new URL('https://a.example/y') });
  });

  it.each([
    ['/y', ['authorization', 'Cookie', 'Host', 'x']],
    ['https://b.example/', ['x']],
    ['http://a.example/', ['x']],
    ['https://a.example:444/', ['x']],
  ])('to %s sends %j', (target, names) => {
    const secret = hop({
      headers: [
        ['authorization', 'Basic x'],
        ['Cookie', 'a=b'],
        ['Host', 'a'],
        ['x', '1'],
      ],
    });
    expect(redirectedHop(secret, 302, target).headers.map(([name]) => name)).toEqual(names);
  });

  it.each(['ftp://a/', 'http://[', 'javascript:alert(1)'])('to %s is refused', (target) => {
    expect(() => redirectedHop(hop({}), 302, target)).toThrow(
      `a.example redirects to what cannot be requested: ${target}`,
    );
  });
});
