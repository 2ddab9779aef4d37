import * as http from 'node:http';
import { patchMethod } from '../../patch/method-patch.js';
import type { Report, Stop } from '../request-trace.js';
import { guarded } from '../subscribe.js';

// All of this goes when Node 20 does.

/** Whether this Node publishes `http.client.request.created`, as it does since 22.12. */
export const PUBLISHES_REQUEST_CREATED = Number.parseInt(process.versions.node, 10) >= 22;

/**
 * Tells of each request just before its head is made, which is the last moment to add a header: when the program
 * sends the first of it. Only a request with no agent of Node's, and no connection yet, was not seen before.
 */
export function observeRequestCreated(created: (request: unknown) => void, report: Report): Stop {
  const tell = guarded('a request whose head is made', created, report);
  return patchMethod(http.ClientRequest.prototype, '_implicitHeader', (next, request, args) => {
    tell(request);
    return Reflect.apply(next, request, args);
  });
}
