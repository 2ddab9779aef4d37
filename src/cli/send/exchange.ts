import type { RequestTrace } from '../../source/request-trace.js';
import type { Answer } from './answer.js';
import type { Hop } from './hop.js';

/** One request under way. */
export interface Exchange {
  hop: Hop;
  /** Told what happens, apart from the answer and its body, which go to `onAnswer` and `onBody`. */
  trace: RequestTrace;
  /** Called once, before the body. */
  onAnswer: (answer: Answer) => void;
  /** Takes each part of the body. Resolves when the next part may come. */
  onBody: (chunk: Buffer) => Promise<void>;
  /** Aborted with the reason when there is no more time. */
  signal: AbortSignal;
}

/** Sends requests, and keeps the connections. */
export interface Transport {
  /** Resolves when the answer is complete. Rejects with the client's error. */
  send(exchange: Exchange): Promise<void>;
  /** Closes the connections. */
  close(): void;
}
