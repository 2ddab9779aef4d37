import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';

/** What a server answers with: `node:http`, `node:https`, or the compatibility API of `node:http2`. */
export type HttpResponse = ServerResponse | Http2ServerResponse;

type Chunk = string | Uint8Array;
type WriteCallback = (err?: Error | null) => void;
type EndCallback = () => void;
type HeadHeaders = OutgoingHttpHeaders | OutgoingHttpHeader[];
type PushCallback = (err: Error | null, res: Http2ServerResponse) => void;

type SetHeaderFunc = (name: string, value: number | string | readonly string[]) => HttpResponse | undefined;
type WriteHeadFunc = (
  statusCode: number,
  statusMessage?: string | HeadHeaders,
  headers?: HeadHeaders,
) => HttpResponse;
type WriteFunc = (
  chunk: Chunk,
  encoding?: BufferEncoding | WriteCallback,
  callback?: WriteCallback,
) => boolean;
type EndFunc = (
  chunk?: Chunk | EndCallback | null,
  encoding?: BufferEncoding | EndCallback,
  callback?: EndCallback,
) => HttpResponse;
type FlushHeadersFunc = () => void;
type WriteContinueFunc = (callback?: EndCallback) => unknown;
type WriteProcessingFunc = (callback?: EndCallback) => unknown;
type WriteEarlyHintsFunc = (hints: Record<string, string | string[]>, callback?: EndCallback) => unknown;
type CreatePushResponseFunc = (headers: OutgoingHttpHeaders, callback: PushCallback) => void;

/**
 * What to run in place of a response's methods, for `wrap`. Go's `httpsnoop.Hooks`.
 *
 * Each hook is called once, by `wrap`, with the function that it stands in front of, and gives back the one to
 * call in its place; that one runs for each call of the method. It has the response as `this`, and what it
 * returns or throws is what the caller gets: hand on what `next` returns. `next` needs no `this`.
 *
 * Node calls some methods by itself, and then the hook runs too: `write`, `end` and `flushHeaders` call
 * `writeHead` if the head is not written yet, and on HTTP/2 `end(chunk)` calls `write(chunk)`.
 */
export interface Hooks {
  /** For `setHeader`. The program calls it any number of times before the head is written. */
  setHeader?(next: SetHeaderFunc): SetHeaderFunc;

  /** For `writeHead`. Called once for each response, by the program or by Node; a second call throws. */
  writeHead?(next: WriteHeadFunc): WriteHeadFunc;

  /** For `write`. Called for each piece of the body, by the program, by a pipe, or on HTTP/2 by `end`. */
  write?(next: WriteFunc): WriteFunc;

  /** For `end`. Called by the program or by a pipe; not at all for a response that is broken off. */
  end?(next: EndFunc): EndFunc;

  /** For `flushHeaders`. Called only by the program. */
  flushHeaders?(next: FlushHeadersFunc): FlushHeadersFunc;

  /**
   * For `writeContinue`, the response 100. When nobody listens to `checkContinue`, Node calls that by itself,
   * before the program is given the response.
   */
  writeContinue?(next: WriteContinueFunc): WriteContinueFunc;

  /** For `writeProcessing`, the response 102. Ignored on HTTP/2, whose responses have no such method. */
  writeProcessing?(next: WriteProcessingFunc): WriteProcessingFunc;

  /** For `writeEarlyHints`, the response 103. */
  writeEarlyHints?(next: WriteEarlyHintsFunc): WriteEarlyHintsFunc;

  /** For `createPushResponse`. Ignored on HTTP/1.1, whose responses have no such method. */
  createPushResponse?(next: CreatePushResponseFunc): CreatePushResponseFunc;
}
