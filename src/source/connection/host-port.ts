// Requests to one origin tend to follow each other.
let lastOrigin = '';
let lastHostPort = '';

/** The `host:port` of an origin as Go's `getConn` has it: the port is there even if it is the scheme's own. */
export function hostPortOf(origin: string): string {
  if (origin !== lastOrigin) {
    lastOrigin = origin;
    lastHostPort = withPort(origin);
  }
  return lastHostPort;
}

function withPort(origin: string): string {
  const authority = origin.slice(origin.indexOf('://') + 3);
  if (authority.lastIndexOf(':') > authority.lastIndexOf(']')) {
    return authority;
  }
  return `${authority}:${origin.startsWith('https:') ? 443 : 80}`;
}
