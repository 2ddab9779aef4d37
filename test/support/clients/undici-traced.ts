import type { Dispatcher } from 'undici';
import { onTestFinished } from 'vitest';
import { type ConnAtHand, EventRecorder } from '../event-recorder.js';
import { CLIENT_PORT, REQUEST_NUMBER } from '../servers/truthful-server.js';
import { type Answered, type Asking, askRequest } from './undici-apis.js';

/** A request, the hooks that ran for it, and what came of it. */
export interface Traced {
  readonly recorder: EventRecorder;
  readonly answered: Answered | undefined;
  readonly error: unknown;
}

/** Makes a request in a context of its own. Never rejects: a failure is part of the result. */
export async function traced(ask: () => Promise<Answered>, recorder = new EventRecorder()): Promise<Traced> {
  try {
    return { recorder, answered: await recorder.run(ask), error: undefined };
  } catch (error) {
    return { recorder, answered: undefined, error };
  }
}

/** A request by undici's own API, in a context of its own. */
export function tracedRequest(
  dispatcher: Dispatcher,
  url: string,
  asking?: Asking,
  recorder?: EventRecorder,
): Promise<Traced> {
  return traced(() => askRequest(dispatcher, url, asking), recorder);
}

/** What the server saw, and what we said. */
export interface Compared {
  readonly port: unknown;
  readonly reused: boolean;
}

export function told({ localPort, reused }: ConnAtHand): Compared {
  return { port: localPort, reused };
}

export function seenByServer({ answered, error }: Traced): Compared {
  if (answered === undefined) {
    throw new Error('No response', { cause: error });
  }
  const { headers } = answered;
  return { port: Number(headers[CLIENT_PORT]), reused: Number(headers[REQUEST_NUMBER]) > 1 };
}

/** Destroys a dispatcher when the test is over. */
export function closing<T extends Dispatcher>(dispatcher: T): T {
  onTestFinished(() => dispatcher.destroy());
  return dispatcher;
}
