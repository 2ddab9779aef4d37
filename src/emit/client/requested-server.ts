import { hostOf, portOf } from '../http/address.js';
import { authorityOf, defaultPort, schemeOf } from '../http/url.js';

/** Whom a client's request asks for. */
export interface RequestedServer {
  readonly scheme: string;
  /** `server.address`; `undefined` if the request names none. */
  readonly address: string | undefined;
  /** `server.port` */
  readonly port: number | undefined;
  /** `host:port`, for globs. */
  readonly hostPort: string;
}

/** Programs talk to few origins, but one that talks to many must not make us remember all of them. */
const MOST_ORIGINS = 1000;
const byOrigin = new Map<string, RequestedServer>();

/**
 * @param origin Scheme, host and port of where the request is sent.
 * @param target An absolute URL names the server itself: the origin is a proxy's.
 * @param host The `Host` header, if the caller chose one: it wins over the origin.
 */
export function requestedServer(origin: string, target: string, host: string | undefined): RequestedServer {
  if (!target.startsWith('/')) {
    const authority = authorityOf(target);
    const scheme = schemeOf(target);
    if (authority !== undefined && scheme !== undefined) {
      return serverOf(scheme, authority);
    }
  }
  return host ? serverOf(schemeOf(origin) ?? '', host) : serverOfOrigin(origin);
}

function serverOfOrigin(origin: string): RequestedServer {
  let server = byOrigin.get(origin);
  if (server === undefined) {
    if (byOrigin.size >= MOST_ORIGINS) {
      byOrigin.clear();
    }
    server = serverOf(schemeOf(origin) ?? '', authorityOf(origin) ?? '');
    byOrigin.set(origin, server);
  }
  return server;
}

function serverOf(scheme: string, authority: string): RequestedServer {
  const address = hostOf(authority);
  const port = portOf(authority) ?? defaultPort(scheme);
  const host = address?.includes(':') ? `[${address}]` : (address ?? '');
  return { scheme, address, port, hostPort: port === undefined ? host : `${host}:${port}` };
}
