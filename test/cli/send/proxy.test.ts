import { describe, expect, it } from 'vitest';
import { proxyFor } from '../../../src/cli/send/proxy.js';
import { requestOptions } from '../command/parsed.js';

function chosen(url: string, env: NodeJS.ProcessEnv, ...args: string[]): string | undefined {
  const { connection } = requestOptions(...args, url);
  return proxyFor(new URL(url), connection, env)?.url.href;
}

describe('which proxy a URL goes through', () => {
  it.each([
    ['http://a.example/', { http_proxy: 'p:1' }, 'http://p:1/'],
    ['http://a.example/', { http_proxy: 'p' }, 'http://p:1080/'],
    ['http://a.example/', { HTTP_PROXY: 'p:1' }, undefined],
    ['http://a.example/', { https_proxy: 'p:1' }, undefined],
    ['https://a.example/', { https_proxy: 'p:1' }, 'http://p:1/'],
    ['https://a.example/', { HTTPS_PROXY: 'p:1' }, 'http://p:1/'],
    ['https://a.example/', { all_proxy: 'https://p' }, 'https://p/'],
    ['https://a.example/', { ALL_PROXY: 'p:1', HTTPS_PROXY: 'q:2' }, 'http://q:2/'],
    ['http://a.example/', { http_proxy: '' }, undefined],
  ])('%s with %j: %s', (url, env, proxy) => {
    expect(chosen(url, env)).toBe(proxy);
  });

  it.each([
    ['a.example', 'http://a.example/', true],
    ['a.example', 'http://b.a.example/', true],
    ['.a.example', 'http://a.example/', true],
    ['a.example', 'http://ba.example/', false],
    ['x, A.EXAMPLE', 'http://a.example./', true],
    ['*', 'http://a.example/', true],
    ['10.0.0.0/8', 'http://10.1.2.3/', true],
    ['10.0.0.0/8', 'http://11.1.2.3/', false],
    ['::1', 'http://[::1]/', true],
    ['[::1]', 'http://[::1]/', true],
    ['fd00::/8', 'http://[fd12::1]/', true],
    ['fd00::/300', 'http://[fd12::1]/', false],
    ['0.0.1', 'http://127.0.0.1/', false],
  ])('with no_proxy %s, %s goes there directly: %s', (list, url, direct) => {
    const env = { http_proxy: 'p:1' };
    expect(chosen(url, { ...env, no_proxy: list }) === undefined).toBe(direct);
    expect(chosen(url, { ...env, NO_PROXY: list }) === undefined).toBe(direct);
    expect(chosen(url, { ...env, no_proxy: '*' }, '--noproxy', list) === undefined).toBe(direct);
  });

  it('is none for a unix socket', () => {
    expect(chosen('http://a/', { http_proxy: 'p:1' }, '--unix-socket', '/x')).toBeUndefined();
  });

  it('has the credentials of the option, else of its URL', () => {
    const { connection } = requestOptions('-x', 'http://a:b%40@p:1', 'http://x/');
    expect(proxyFor(new URL('http://x/'), connection, {})?.authorization).toBe(`Basic ${btoa('a:b@')}`);
    const other = { ...connection, proxyUser: 'c:d' };
    expect(proxyFor(new URL('http://x/'), other, {})?.authorization).toBe(`Basic ${btoa('c:d')}`);
  });
});
