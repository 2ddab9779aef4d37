import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import net, { isIP, type LookupFunction, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import tls, { type TLSSocket } from 'node:tls';
import { Dial } from '../../source/connection/dial.js';
import type { RequestTrace } from '../../source/request-trace.js';
import type { ConnectionOptions } from '../command/options.js';
import type { ConnectTo, Resolve } from '../command/values.js';
import { CliError, EXIT } from '../exit-code.js';
import { headText } from './answer.js';
import { hostnameOf, portOf } from './hop.js';
import { type ProxyUse, proxyFor } from './proxy.js';
import { TimeLimit } from './time-limit.js';

/** The proxy refused the tunnel. */
export class TunnelRefused extends Error {
  readonly code = 'ERR_PROXY_TUNNEL';

  constructor(status: number) {
    super(`the proxy answered ${status} to CONNECT`);
  }
}

/** A proxy's answer to CONNECT. */
export interface TunnelAnswer {
  status: number;
  /** Bytes of the head. */
  headSize: number;
}

/** The address that a socket dials. */
type Address = { path: string } | { host: string; port: number; lookup?: LookupFunction; family?: 4 | 6 };

/**
 * Makes connections. The protocol of an https server is known only when the connection is there, so no client of Node's can
 * make it. The package's own `Dial` tells what happens.
 */
export class Dialer {
  private readonly options: ConnectionOptions;
  private readonly tls: tls.ConnectionOptions;
  /** The proxy's answer to the last CONNECT; `undefined` if there was none. */
  tunnel: TunnelAnswer | undefined;

  /**
   * @param more Further options of TLS.
   * @throws CliError if the file of `--cacert` cannot be read.
   */
  constructor(options: ConnectionOptions, more: tls.ConnectionOptions = {}) {
    this.options = options;
    const ca = options.caFile === undefined ? {} : { ca: readCa(options.caFile) };
    this.tls = { ...more, secureContext: tls.createSecureContext({ ...more, ...ca }) };
  }

  /** The proxy for requests of this URL; `undefined` for none. */
  proxyFor(url: URL): ProxyUse | undefined {
    return proxyFor(url, this.options);
  }

  /** Makes a connection to the server of this URL, or to the proxy if the requests are sent to it. */
  async dial(url: URL, trace: RequestTrace, signal: AbortSignal): Promise<Socket> {
    const limit = new TimeLimit(this.options.timeoutMs, `no connection to ${url.host}`, signal);
    try {
      const proxy = this.proxyFor(url);
      return await (proxy === undefined
        ? this.dialServer(url, trace, limit.signal)
        : this.dialThrough(proxy, url, trace, limit.signal));
    } finally {
      limit.clear();
    }
  }

  private async dialServer(url: URL, trace: RequestTrace, signal: AbortSignal): Promise<Socket> {
    const address = this.addressOf(url);
    const socket =
      url.protocol === 'https:' ? tls.connect({ ...address, ...this.tlsFor(url) }) : net.connect(address);
    Dial.watch(socket, trace, 'path' in address ? [address.path] : undefined);
    await connected(socket, signal);
    return socket;
  }

  private async dialThrough(
    proxy: ProxyUse,
    url: URL,
    trace: RequestTrace,
    signal: AbortSignal,
  ): Promise<Socket> {
    const toProxy = await this.dialProxy(proxy.url, trace, signal);
    if (url.protocol === 'http:') {
      return toProxy;
    }
    const tunnel = await this.tunnelTo(toProxy, proxy, url, signal);
    const socket = tls.connect({ socket: tunnel, ...this.tlsFor(url) });
    Dial.watchHandshake(socket, trace);
    await connected(socket, signal);
    return socket;
  }

  private async dialProxy(url: URL, trace: RequestTrace, signal: AbortSignal): Promise<Socket> {
    const host = hostnameOf(url);
    const { family } = this.options;
    const address = { host, port: portOf(url), ...(family === undefined ? {} : { family }) };
    const socket =
      url.protocol === 'https:'
        ? tls.connect({ ...address, ...this.tlsFor(url), ALPNProtocols: ['http/1.1'] })
        : net.connect(address);
    Dial.watch(socket, trace);
    await connected(socket, signal);
    return socket;
  }

  /** Asks the proxy for a connection to the server. */
  private async tunnelTo(socket: Socket, proxy: ProxyUse, url: URL, signal: AbortSignal): Promise<Duplex> {
    const authority = `${url.hostname}:${portOf(url)}`;
    const request = http.request({
      method: 'CONNECT',
      path: authority,
      headers: {
        host: authority,
        ...(proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }),
      },
      createConnection: () => socket,
      signal,
    });
    request.end();
    const [response, tunnel] = (await once(request, 'connect').catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error;
    })) as [IncomingMessage, Duplex];
    const { statusCode: status = 0, statusMessage: reason = '', rawHeaders, httpVersion } = response;
    const protocol = `HTTP/${httpVersion}`;
    this.tunnel = { status, headSize: headText({ protocol, status, reason, rawHeaders }).length };
    if (status < 200 || status > 299) {
      tunnel.destroy();
      throw new TunnelRefused(status);
    }
    return tunnel;
  }

  private addressOf(url: URL): Address {
    const { unixSocket, family, resolve } = this.options;
    if (unixSocket !== undefined) {
      return { path: unixSocket };
    }
    const { host, port } = replaced(hostnameOf(url), portOf(url), this.options.connectTo);
    const rule = resolve.find(
      (known) => known.port === port && (known.host === '*' || known.host === host.toLowerCase()),
    );
    return {
      host: rule === undefined || isIP(host) === 0 ? host : (rule.addresses[0]?.address ?? host),
      port,
      ...(family === undefined ? {} : { family }),
      ...(rule === undefined ? {} : { lookup: lookupOf(rule.addresses) }),
    };
  }

  private tlsFor(url: URL): tls.ConnectionOptions {
    const host = hostnameOf(url);
    return {
      ...this.tls,
      rejectUnauthorized: !this.options.insecure,
      ALPNProtocols: this.options.http === '1.1' ? ['http/1.1'] : ['h2', 'http/1.1'],
      // The certificate must be that of the URL's server, whatever address is dialled.
      checkServerIdentity: (_dialled, certificate) => tls.checkServerIdentity(host, certificate),
      ...(isIP(host) === 0 ? { servername: host } : {}),
    };
  }
}

/** The host and port to dial, with `--connect-to` applied. */
function replaced(host: string, port: number, rules: readonly ConnectTo[]): { host: string; port: number } {
  const rule = rules.find(
    ({ from }) =>
      (from.host === '' || from.host === host.toLowerCase()) &&
      (from.port === '' || Number(from.port) === port),
  );
  return { host: rule?.to.host || host, port: Number(rule?.to.port || port) };
}

/** A lookup that gives these addresses for any name. It waits a turn, because the dial is watched only once it has begun. */
function lookupOf(addresses: Resolve['addresses']): LookupFunction {
  return (host, { family, all }, callback) => {
    const wanted = addresses.filter((known) => !family || known.family === Number(String(family).at(-1)));
    const [first] = wanted;
    process.nextTick(() => {
      if (first === undefined) {
        callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }), '', 0);
      } else if (all) {
        callback(null, [...wanted]);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

function readCa(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.caNotRead, `cannot read the certificates of --cacert: ${why}`);
  }
}

/** Waits until a socket is connected, and until its handshake is done if it speaks TLS. */
async function connected(socket: Socket | TLSSocket, signal: AbortSignal): Promise<void> {
  const abort = (): void => void socket.destroy(signal.reason);
  if (signal.aborted) {
    abort();
  }
  signal.addEventListener('abort', abort, { once: true });
  try {
    await once(socket, socket instanceof tls.TLSSocket ? 'secureConnect' : 'connect');
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
