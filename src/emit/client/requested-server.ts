import { authorityOf, isAbsolute, type Origin, originAt, originEnd, originOf } from '../../origin.js';

/**
 * The server that a request asks for. It may be another one than the request is sent to.
 *
 * @param origin Where the request is sent.
 * @param target The request target. An absolute URL names the server itself, and the origin is a proxy.
 * @param host The `Host` header, if the caller chose one. It wins over the origin.
 */
export function requestedServer(origin: Origin, target: string, host: string | undefined): Origin {
  if (!target.startsWith('/') && isAbsolute(target) && authorityOf(target) !== undefined) {
    return originOf(target.slice(0, originEnd(target)));
  }
  return host ? originAt(origin.scheme, host) : origin;
}
