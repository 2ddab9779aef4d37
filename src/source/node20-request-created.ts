import * as http from 'node:http';
import { patchMethod } from './method-patch.js';
import type { NodeClientRequest } from './node-request.js';
import type { Report, Stop } from './request-trace.js';
import { guarded } from './subscribe.js';

// All of this goes when Node 20 does.

/** Whether this Node publishes `http.client.request.created`, as it does since 22.12. */
export const PUBLISHES_REQUEST_CREATED = Number.parseInt(process.versions.node, 10) >= 22;

/**
 * Tells of each request that is made without one of Node's agents, in its constructor: where that asks for the
 * `Expect` header it has set all the others, and where it makes the head out of an array they are final.
 */
export function observeRequestCreated(created: (request: NodeClientRequest) => void, report: Report): Stop {
  const tell = guarded('a request without an agent of Node', created, report);
  const { prototype } = http.ClientRequest;
  const stops = [
    patchMethod(prototype, 'getHeader', (next, request, args) => {
      const value = Reflect.apply(next, request, args);
      if (args[0] === 'expect' && value === undefined && isBeingMade(request)) {
        tell(request);
      }
      return value;
    }),
    patchMethod(prototype, '_storeHeader', (next, request, args) => {
      const result = Reflect.apply(next, request, args);
      if (isBeingMade(request)) {
        tell(request);
      }
      return result;
    }),
  ];
  return () => {
    for (const stop of stops) {
      stop();
    }
  };
}

/** Not one that goes to an agent of Node's, which tells more; nor a mock, which skips the constructor. */
function isBeingMade(request: unknown): request is NodeClientRequest {
  return (
    request instanceof http.ClientRequest &&
    Object.hasOwn(request, 'reusedSocket') &&
    !asksAgentOfNode(request as NodeClientRequest)
  );
}

interface AskedAgent {
  readonly addRequest?: unknown;
}

const AGENT = http.Agent.prototype as AskedAgent;

function asksAgentOfNode(request: NodeClientRequest): boolean {
  const agent = request.agent as AskedAgent | null | undefined;
  return agent?.addRequest === AGENT.addRequest;
}
