import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import { setImmediate } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { EventRecorder } from '../event-recorder.js';
import type { Traced } from './undici-traced.js';

/** What a request of `node:http` is made with. */
export interface NodeAsking extends https.RequestOptions {
  readonly body?: string | Buffer;
  /** Asks for `100 Continue`, and sends the body when that is there. */
  readonly expectContinue?: boolean;
  /** Goes on to `net.connect`; Node's types leave it out. */
  readonly autoSelectFamily?: boolean;
}

/** What came back. */
export interface NodeAnswered {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** Makes a request by `http` or `https`, as the URL says. */
export function nodeRequest(url: string, options: https.RequestOptions = {}): http.ClientRequest {
  return (url.startsWith('https:') ? https : http).request(url, options);
}

/** Makes a request, reads all of its response, and waits until the agent has its connection back. */
export async function askNode(
  url: string,
  { body, expectContinue, headers, ...options }: NodeAsking = {},
): Promise<NodeAnswered> {
  const request = nodeRequest(url, {
    ...options,
    headers: expectContinue ? { Expect: '100-continue', 'Content-Length': body?.length ?? 0 } : headers,
  });
  const closed = new Promise((resolve) => request.on('close', resolve));
  const answered = answerOf(request);
  if (expectContinue) {
    request.on('continue', () => request.end(body));
  } else {
    request.end(body);
  }
  const result = await answered;
  await closed;
  await setImmediate();
  return result;
}

/** The response, read to its end. */
export async function answerOf(request: http.ClientRequest): Promise<NodeAnswered> {
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await textOf(response) };
}

export async function textOf(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** A request in a context of its own. Never rejects: a failure is part of the result. */
export async function tracedNode(
  url: string,
  asking?: NodeAsking,
  recorder = new EventRecorder(),
): Promise<Traced> {
  try {
    return { recorder, answered: await recorder.run(() => askNode(url, asking)), error: undefined };
  } catch (error) {
    return { recorder, answered: undefined, error };
  }
}

/** An agent that keeps connections, until the test is over. */
export function keptAlive<T extends http.Agent>(agent: T): T {
  onTestFinished(() => agent.destroy());
  return agent;
}

export function httpAgent(options: http.AgentOptions = {}): http.Agent {
  return keptAlive(new http.Agent({ keepAlive: true, ...options }));
}

export function httpsAgent(options: https.AgentOptions = {}): https.Agent {
  return keptAlive(new https.Agent({ keepAlive: true, ...options }));
}
