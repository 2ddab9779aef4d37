/**
 * Is told what a response really sends, live. It sees below all patches of `write` and `end`, so that a body is
 * counted as it is sent, compressed or otherwise changed. Must not throw.
 */
export interface ResponseObserver {
  /**
   * The head of the final response is written. Called at most once, before all bytes of the body.
   *
   * @param code The status as it is sent, 101 or from 200 on.
   */
  wroteHead(code: number): void;

  /**
   * A piece of the body was handed to the connection. Never where HTTP sends none: HEAD, 204, 304, on HTTP/2
   * also 205.
   *
   * @param bytes More than 0; what the transfer encoding adds is not in it.
   */
  wroteBody(bytes: number): void;

  /**
   * The response is over, finished or aborted. Called when Node tells the close, never from inside `observe`; not at all while nobody
   * ends the response and the connection stays.
   */
  closed(): void;
}
