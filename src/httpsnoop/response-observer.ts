/** How a response came to its close. */
export interface Closing {
  /**
   * All of it was handed to the operating system; or the peer went away before; or this side gave the response up.
   */
  readonly how: 'finished' | 'aborted' | 'destroyed';
  /** What Node or the program reported. */
  readonly error?: unknown;
  /** Whether the head, if it was written, has left this process. */
  readonly headSent: boolean;
  /**
   * How many bytes of the body, of those that `wroteBody` told, never left this process: they still lay in the
   * response, in its connection or in libuv.
   */
  readonly unsent: number;
}

/**
 * Is told what a response really sends, live. It sees below all patches of `write` and `end` on the response, so that
 * a body is counted as it is sent, compressed or otherwise changed. Must not throw.
 */
export interface ResponseObserver {
  /** Whether `wroteBody` is of interest. */
  readonly countsBody: boolean;

  /** Whether `closed` is to be called before the program's own listeners of `close`, and not after them. */
  readonly closesBeforeListeners?: boolean;

  /**
   * The head of the final response is written. Called at most once.
   *
   * @param statusCode The status as it is sent, 101 or from 200 on.
   * @param headers What was given with it, in the form in which the program gave it.
   */
  wroteHead(statusCode: number, headers?: unknown): void;

  /**
   * A piece of the body was written. Never where HTTP sends none: HEAD, 204, 304, on HTTP/2 also 205.
   *
   * @param bytes More than 0; what the transfer encoding adds is not in it. NaN if it is unknown.
   */
  wroteBody(bytes: number): void;

  /** An informational response (1xx but 101) was written. */
  wroteInformational?(statusCode: number): void;

  /** The program asked for the head to be sent at once. */
  flushed?(): void;

  /** @param path `:path` of the promised request. */
  pushed?(path: string): void;

  /**
   * The program has written all of the response.
   *
   * @param isHandedOver Whether the operating system has all of the body already.
   */
  ended?(isHandedOver: boolean): void;

  /** The response or its stream had an error. It need not be the end. */
  errored?(error: unknown): void;

  /** All of the response was handed to the operating system. */
  finished?(): void;

  /**
   * The response is over, finished or aborted. Called once, when Node tells the close, never from inside `follow`; not
   * at all while nobody ends the response and the connection stays.
   */
  closed(closing: Closing): void;
}

/** A context that the program's listeners are to run in. */
export interface ListenerContext {
  /** Makes a context active while it calls a function. It may bind `self` to that. */
  readonly contexts: {
    with(context: unknown, fn: (...args: unknown[]) => unknown, self: unknown, ...args: unknown[]): unknown;
  };
  readonly context: unknown;
  isActive(): boolean;
}
