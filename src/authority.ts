const MAPPED_IPV4 = /^::ffff:(?=[\d.]+$)/i;

/** An address without the brackets of a URL and without the prefix of an IPv4 address in IPv6 form. */
export function plainAddress(address: string): string {
  const bare = address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address;
  return bare.startsWith('::') ? bare.replace(MAPPED_IPV4, '') : bare;
}

/** `host:port`, with IPv6 in brackets. */
export function hostPort(host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * The host of `host:port`, such as a `Host` header, an authority or the `hostPort` of a hook. IPv6 has no brackets.
 *
 * @returns `undefined` if there is none.
 */
export function hostOf(authority: string): string | undefined {
  const end = hostEnd(authority);
  return plainAddress(authority.slice(0, end)) || undefined;
}

/**
 * The port of `host:port`.
 *
 * @returns `undefined` if there is none, or if it is no number from 1 to 65535.
 */
export function portOf(authority: string): number | undefined {
  const end = hostEnd(authority);
  return authority[end] === ':' ? parsePort(authority, end + 1) : undefined;
}

/**
 * The port that a URL of this scheme means when it names none; `undefined` if the scheme is not HTTP's.
 *
 * @param scheme With its colon or without.
 */
export function defaultPort(scheme: string): number | undefined {
  switch (scheme) {
    case 'http':
    case 'http:':
      return 80;
    case 'https':
    case 'https:':
      return 443;
    default:
      return undefined;
  }
}

/** Index of the end of the host: the colon of a port, or the end of the text. 0 if a bracket is never closed. */
function hostEnd(authority: string): number {
  if (authority.startsWith('[')) {
    return authority.indexOf(']') + 1;
  }
  const colon = authority.indexOf(':');
  // More than one colon means an IPv6 address without brackets, and no port.
  return colon < 0 || authority.includes(':', colon + 1) ? authority.length : colon;
}

const DIGIT_0 = 48;
const MAX_PORT_DIGITS = 5;

function parsePort(text: string, start: number): number | undefined {
  const digits = text.length - start;
  if (digits < 1 || digits > MAX_PORT_DIGITS) {
    return undefined;
  }
  let port = 0;
  for (let i = start; i < text.length; i++) {
    const digit = text.charCodeAt(i) - DIGIT_0;
    if (digit < 0 || digit > 9) {
      return undefined;
    }
    port = port * 10 + digit;
  }
  return port > 0 && port <= 65535 ? port : undefined;
}
