import type { RequestTrace } from '../../source/request-trace.js';
import type { Answer } from './answer.js';
import type { Hop } from './hop.js';

/** One request under way. */
export interface Exchange {
  hop: Hop;
  /** Told what happens, but for the answer and its body, which `onAnswer` and `onBody` are given. */
  trace: RequestTrace;
  /** Called once, before the body. */
  onAnswer: (answer: Answer) => void;
  /** Takes each part of the body; resolves when the next one may come. */
  onBody: (chunk: Buffer) => Promise<void>;
  /** Aborted, with the reason, when there is no more time. */
  signal: AbortSignal;
}

/** Sends requests over connections that it keeps. */
export interface Transport {
  /** Resolves when the answer is complete, and rejects with what the client failed with. */
  send(exchange: Exchange): Promise<void>;
  /** Closes the connections. */
  close(): void;
}
