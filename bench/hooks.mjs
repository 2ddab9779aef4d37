/** A `client.hooks` in which each of Go's hooks is off. */
export const CLIENT_HOOKS_OFF = Object.fromEntries(
  [
    ...['getConn', 'gotConn', 'putIdleConn', 'gotFirstResponseByte', 'got100Continue', 'got1xxResponse'],
    ...['dnsStart', 'dnsDone', 'connectStart', 'connectDone', 'tlsHandshakeStart', 'tlsHandshakeDone'],
    ...['wroteHeaderField', 'wroteHeaders', 'wait100Continue', 'wroteRequest'],
  ].map((hook) => [hook, false]),
);

/** A `server.hooks` in which each step of a response is off. */
export const SERVER_HOOKS_OFF = Object.fromEntries(
  ['writeHead', 'write', 'end', 'flushHeaders', 'informational', 'closeNotify', 'hijack', 'push'].map(
    (hook) => [hook, false],
  ),
);
