import * as http from 'node:http';

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
