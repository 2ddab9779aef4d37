import * as http from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { proxyOf } from '../../../src/source/node/agents.js';
import { NodeExchange } from '../../../src/source/node/exchange.js';
import type { NodeClientRequest } from '../../../src/source/node/request.js';

function proxyFor(agent: object | undefined, options: http.RequestOptions = {}): string | undefined {
  const asked = { host: 'target.example', port: 8080, ...options };
  // No connection is made by an agent that never answers.
  const silent = Object.assign(new http.Agent(), { addRequest: () => undefined }, agent);
  const request = http.request({ ...asked, agent: silent }).on('error', () => undefined);
  onTestFinished(() => void request.destroy());
  return proxyOf(new NodeExchange(request as NodeClientRequest, asked));
}

/** As Node keeps what it made of `proxyEnv`. */
function ownProxy(bypassed: string): object {
  return {
    options: { proxyEnv: {} },
    [Symbol('kProxyConfig')]: {
      proxyConnectionOptions: { host: 'proxy.example', port: 3128 },
      shouldUseProxy: (host: string) => host !== bypassed,
    },
  };
}

describe('the proxy of a request', () => {
  it.each<[what: string, agent: object | undefined, proxy: string | undefined]>([
    ['an agent without a proxy', undefined, undefined],
    ['a URL', { proxy: new URL('http://proxy.example:3128') }, 'proxy.example:3128'],
    ['a URL without a port', { proxy: new URL('http://proxy.example') }, 'proxy.example:80'],
    ['a secure URL without a port', { proxy: new URL('https://proxy.example') }, 'proxy.example:443'],
    [
      'a URL with userinfo',
      { proxy: new URL('http://user:secret@proxy.example:3128') },
      'proxy.example:3128',
    ],
    ['a URL with an IPv6 address', { proxy: new URL('http://[::1]:3128') }, '[::1]:3128'],
    ['options', { proxy: { host: 'proxy.example', port: 3128 } }, 'proxy.example:3128'],
    ['something else', { proxy: true }, undefined],
    ['options without a host', { proxy: { port: 3128 } }, undefined],
    ['that of Node itself', ownProxy('other.example'), 'proxy.example:3128'],
    ['that of Node itself, which this host is excepted from', ownProxy('target.example'), undefined],
  ])('is that of its agent: %s', (_what, agent, proxy) => {
    expect(proxyFor(agent)).toBe(proxy);
  });

  it('is none for a unix socket', () => {
    expect(proxyFor(ownProxy('other.example'), { socketPath: '/tmp/none.sock' })).toBeUndefined();
  });
});
