import { BlockList, isIP } from 'node:net';
import type { ConnectionOptions } from '../command/options.js';
import { parseProxy } from '../command/values.js';
import { basic, credentialsOf, hostnameOf } from './hop.js';

/** A proxy, and the credentials that it is sent. */
export interface ProxyUse {
  url: URL;
  /** Value of `Proxy-Authorization`. */
  authorization: string | undefined;
}

/** The proxy for a URL, chosen as by curl: from the option, else from the environment. `undefined` for none. */
export function proxyFor(
  url: URL,
  { proxy, proxyUser, noProxy, unixSocket }: ConnectionOptions,
  env: NodeJS.ProcessEnv = process.env,
): ProxyUse | undefined {
  if (
    unixSocket !== undefined ||
    isExcepted(hostnameOf(url), noProxy ?? env.no_proxy ?? env.NO_PROXY ?? '')
  ) {
    return undefined;
  }
  const chosen = proxy === undefined ? proxyOfEnvironment(url, env) : proxy;
  if (chosen === null) {
    return undefined;
  }
  const credentials = proxyUser ?? credentialsOf(chosen);
  return { url: chosen, authorization: credentials === undefined ? undefined : basic(credentials) };
}

/** `HTTP_PROXY` is not read, because a CGI program gets its client's header `Proxy` under that name. */
function proxyOfEnvironment({ protocol }: URL, env: NodeJS.ProcessEnv): URL | null {
  const own = protocol === 'https:' ? env.https_proxy || env.HTTPS_PROXY : env.http_proxy;
  return parseProxy(own || env.all_proxy || env.ALL_PROXY || '');
}

/** Whether a host is on a list of names (which include their subdomains), addresses and networks such as `10.0.0.0/8`. */
function isExcepted(host: string, list: string): boolean {
  const entries = list.split(/[\s,]+/).filter((entry) => entry !== '');
  return entries.includes('*') || entries.some((entry) => covers(entry.toLowerCase(), host.toLowerCase()));
}

function covers(entry: string, host: string): boolean {
  if (isIP(host) !== 0) {
    return entry.includes('/') ? isInNetwork(entry, host) : entry.replace(/^\[(.*)\]$/, '$1') === host;
  }
  const name = entry.replace(/^\.|\.$/g, '');
  const asked = host.replace(/\.$/, '');
  return asked === name || asked.endsWith(`.${name}`);
}

function isInNetwork(network: string, address: string): boolean {
  const [base = '', bits = ''] = network.split('/');
  const family = isIP(base);
  if (
    family === 0 ||
    family !== isIP(address) ||
    !/^\d+$/.test(bits) ||
    Number(bits) > (family === 4 ? 32 : 128)
  ) {
    return false;
  }
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(base, Number(bits), type);
  return list.check(address, type);
}
