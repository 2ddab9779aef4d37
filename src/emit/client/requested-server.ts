import { authorityOf, isAbsolute, type Origin, originAt, originEnd, originOf } from '../../origin.js';

/**
 * Whom a request asks for, which is not always where it is sent.
 *
 * @param target An absolute URL names the server itself: the origin is a proxy's.
 * @param host The `Host` header, if the caller chose one: it wins over the origin.
 */
export function requestedServer(origin: Origin, target: string, host: string | undefined): Origin {
  if (!target.startsWith('/') && isAbsolute(target) && authorityOf(target) !== undefined) {
    return originOf(target.slice(0, originEnd(target)));
  }
  return host ? originAt(origin.scheme, host) : origin;
}
