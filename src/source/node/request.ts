import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http';
import type { Origin } from '../../origin.js';

/** The parts of Node's request that its types leave out, by the names that they have had since Node 12 or longer. */
export interface NodeClientRequest extends ClientRequest {
  /** None with a `createConnection` of the caller's. */
  readonly agent?: Agent | null;
  /** Request line and header fields as they are written, once they are final. */
  _header: string | null;
  /** Whether they were handed to the connection, or wait for it. */
  readonly _headerSent: boolean;
  /** What waits for the connection. */
  readonly outputData?: { data: unknown }[];
  /** How much that is. */
  outputSize?: number;
  readonly res?: IncomingMessage | null;
  /** Whether the caller was handed the connection. */
  readonly upgradeOrConnect: boolean;
  readonly socketPath?: string;
}

/** One request of `node:http` or `node:https`, as those who are told of it see it. */
export interface NodeHttpRequest {
  readonly request: NodeClientRequest;
  /** What it was asked for with, as Node hands it to the agent; unknown without one of Node's agents. */
  readonly options: RequestOptions | undefined;
  /** Where it is sent: host without brackets. */
  readonly host: string;
  readonly port: number | string;
  readonly origin: Origin;
  /** Whether the program destroyed it, without giving an error, when its `timeout` event had come. */
  readonly timedOut: boolean;
  /** Whether the program destroyed the request, or the body of its response, without giving an error. */
  readonly destroyedByCaller: boolean;
}

const EXPECTS_CONTINUE = /\r\nexpect: *100-continue\r\n/i;

/** Whether the body is to wait for `100 Continue`; to be asked when the headers are final. */
export function expectsContinue(request: NodeClientRequest): boolean {
  if (request.hasHeader('expect')) {
    return /^100-continue$/i.test(String(request.getHeader('expect')));
  }
  // Node keeps headers that were given as an array as text alone, in which to look costs more than all the rest here.
  return !request.hasHeader('host') && request._header !== null && EXPECTS_CONTINUE.test(request._header);
}

/**
 * Adds a header field, behind all others, to a request whose head is made, but not written yet. Node makes the head
 * before anybody can know of the request if that was given its headers as an array, or sends `Expect`.
 */
export function addToHead(request: NodeClientRequest, name: string, value: string): void {
  const { _header: head, outputData } = request;
  if (head === null) {
    return;
  }
  validateHeaderName(name);
  validateHeaderValue(name, value);
  const longer = `${head.slice(0, -2)}${name}: ${value}\r\n\r\n`;
  if (request._headerSent) {
    const [first] = outputData ?? [];
    if (typeof first?.data !== 'string' || !first.data.startsWith(head) || request.outputSize === undefined) {
      return;
    }
    first.data = longer + first.data.slice(head.length);
    request.outputSize += longer.length - head.length;
  }
  request._header = longer;
}
