const PEER_GONE = new Set([
  'ECONNRESET',
  'EPIPE',
  // The connection ended in the middle of a request.
  'HPE_INVALID_EOF_STATE',
  // The peer closed the connection with an error of HTTP/2.
  'ERR_HTTP2_SESSION_ERROR',
]);

/** Whether an error is what is left of a peer that went away. */
export function meansPeerGone(error: Error & { readonly code?: unknown }): boolean {
  return PEER_GONE.has(String(error.code));
}
