import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { Origin } from '../../origin.js';

/** The parts of Node's request that its types leave out, by the names that they have had since Node 12 or longer. */
export interface NodeClientRequest extends ClientRequest {
  /** None with a `createConnection` of the caller's. */
  readonly agent?: Agent | null;
  /** Request line and header fields as they are written, once they are final. */
  readonly _header: string | null;
  /** Whether they were handed to the connection, or wait for it. */
  readonly _headerSent: boolean;
  /** Hands something to the connection, the head before the first part of the body. */
  _send(...args: unknown[]): unknown;
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
  /** Whether the request's `timeout` event came. */
  readonly timedOut: boolean;
  /** Whether the program destroyed the request, or the body of its response, without giving an error. */
  readonly destroyedByCaller: boolean;
}

const EXPECTS_CONTINUE = /\r\nexpect: *100-continue\r\n/i;

/** Whether the body is to wait for `100 Continue`; to be asked when the headers are final. */
export function expectsContinue({ _header }: NodeClientRequest): boolean {
  return _header !== null && EXPECTS_CONTINUE.test(_header);
}
