import * as http from 'node:http';
import type { NodeClientRequest } from './request.js';

/**
 * The prototype of Node's own requests, whatever `http.ClientRequest` reads now: test tools put another function in its
 * place while they are active, mostly one that inherits from Node's. `undefined` where there is no way to it.
 */
export function clientRequestPrototype(): object | undefined {
  const { ClientRequest }: { ClientRequest: { prototype?: object } } = http;
  let holder: object | null = ClientRequest.prototype ?? null;
  let found: object | undefined;
  while (holder !== null) {
    if (Object.hasOwn(holder, 'onSocket')) {
      found = holder;
    }
    holder = Object.getPrototypeOf(holder);
  }
  return found;
}

/** Whether something is a request of Node's: by what it is, not by what it is an instance of. */
export function isClientRequest(value: unknown): value is NodeClientRequest {
  return (
    typeof value === 'object' &&
    value !== null &&
    '_header' in value &&
    'onSocket' in value &&
    typeof value.onSocket === 'function'
  );
}
