import { Socket, type TcpSocketConnectOpts } from 'node:net';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { connectsAtOnce } from './agents.js';
import type { NodeExchange } from './exchange.js';

/**
 * Why Node would not even begin to connect for a request, when that was thrown and the program has caught it: to catch
 * it ourselves would change what is printed where nobody does. So Node is asked once more, without letting it look up a
 * name or dial.
 *
 * @returns `undefined` where it is not Node that connects, or where it finds nothing wrong.
 */
export function errorOfConnecting({ request, options }: NodeExchange): unknown {
  if (options === undefined || !request.agent || !connectsAtOnce(request.agent) || options.socketPath) {
    return undefined;
  }
  const socket = new Socket();
  try {
    if (request.protocol === 'https:') {
      createSecureContext(options as SecureContextOptions);
    }
    const lookup = typeof options.lookup === 'function' ? neverAnswers : options.lookup;
    socket.connect({ ...options, path: undefined, lookup } as TcpSocketConnectOpts);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    socket.destroy();
  }
}

function neverAnswers(): void {
  // Nobody waits.
}
