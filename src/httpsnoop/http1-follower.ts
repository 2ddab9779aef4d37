import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Itself } from '../patch/hidden-field.js';
import { byteLengthOf } from './byte-length.js';
import { Follower } from './follower.js';
import { FinishLesson, needsContext } from './listeners.js';
import { meansPeerGone } from './peer-gone.js';
import type { Closing } from './response-observer.js';

/** What Node has of a head that is written and goes out with the first part of the body. */
type Response = ServerResponse & { readonly _header?: string | null; readonly _headerSent?: boolean };

/** Two line ends: after the size of a chunk and after the chunk. */
const LINE_ENDS_BYTES = 4;

const SWITCHING_PROTOCOLS = 101;

/**
 * A response that is followed. A `hiddenField`, written out. V8 keeps what it learns for each function of the
 * source, so that all hidden fields would share it; this one is asked at each step of a request.
 */
export class FollowedResponse extends Itself {
  readonly #follower: Http1Follower;

  constructor(response: object, follower: Http1Follower) {
    super(response);
    this.#follower = follower;
  }

  /** @param layer Who has another layer of methods is left out; `undefined`: nobody is. */
  static by(response: object, layer?: object): Http1Follower | undefined {
    if (!(#follower in response)) {
      return undefined;
    }
    const follower = response.#follower;
    return layer === undefined || follower.layer === layer ? follower : undefined;
  }
}

/** Follows one HTTP/1.1 response: what the program and Node do with it becomes the facts of its observers. */
export class Http1Follower extends Follower {
  readonly response: Response;
  /** Whether it emits anything. Programs answer with objects of their own making, too. */
  readonly isEmitter: boolean;
  /** What is to be learned from the `finish` that is under way. */
  private lesson: FinishLesson | undefined = undefined;
  /** Whether the response came to us with one listener of `finish`: then that is Node's. */
  private readonly hasNodesListener: boolean;
  /** What was handed on of the body, with what the transfer encoding adds. */
  private rawBytes = 0;
  /** Bytes that the chunk under way still needs, with the two line ends that belong to it. */
  private chunkLeft = 0;
  /** Whether the response ever had a connection to itself: a pipelined one waits for that. */
  private hadTurn: boolean;
  /** Bytes that Node still had when the connection was destroyed, those of head and chunks included. */
  private rawUnsent: number | undefined = undefined;

  constructor(response: ServerResponse) {
    super();
    this.response = response;
    this.isEmitter = response instanceof EventEmitter;
    this.hasNodesListener = this.isEmitter && response.listenerCount('finish') === 1;
    this.hadTurn = response.socket !== null;
    new FollowedResponse(response, this);
  }

  wroteHead(headers?: unknown): void {
    const { statusCode } = this.response;
    if (this.statusCode === undefined && (statusCode >= 200 || statusCode === SWITCHING_PROTOCOLS)) {
      this.head(statusCode, headers);
    }
  }

  /** Node has handed on a part of the body, or of what the transfer encoding adds to it. The head is apart. */
  sent(data: string | Uint8Array, encoding: unknown, byteLength: number | undefined): void {
    if (this.statusCode === undefined) {
      this.lookAtHead();
    }
    if (!this.countsBody || data.length === 0) {
      return;
    }
    const isChunked = this.response.chunkedEncoding;
    const bytes = isChunked
      ? (byteLength ?? byteLengthOf(data, encoding))
      : byteLengthOf(data, encoding, byteLength);
    this.rawBytes += bytes;
    const body = isChunked ? this.unchunked(data, bytes) : bytes;
    if (body > 0) {
      this.body(body);
    }
  }

  ended(): void {
    if (this.statusCode === undefined) {
      this.lookAtHead();
    }
    this.end(this.bodyBytes === 0 || this.response.socket?.writableLength === 0);
    if (!this.isEmitter) {
      this.isOver();
    }
  }

  /** Nothing more can be seen of a response that is no emitter: it never tells of its close. */
  isOver(): void {
    this.finished();
    this.closed();
  }

  override willEmit(event: unknown, error: unknown): boolean {
    switch (event) {
      case 'finish': {
        const { socket } = this.response;
        // Before Node 24 it comes also when writing failed: then the connection is broken.
        if (!socket || (!socket.destroyed && !socket.errored)) {
          this.finished();
        }
        if (this.hasNodesListener && this.response.listenerCount('finish') === 1) {
          this.lesson = FinishLesson.isDue ? FinishLesson.of(this.response) : undefined;
          return false;
        }
        break;
      }
      case 'socket':
        this.hadTurn = true;
        break;
      case 'error':
        this.errored(error);
        break;
      case 'close':
        if (this.closesFirst) {
          this.closed();
        }
    }
    return needsContext(this.listenIn, this.response, event);
  }

  override emitted(event: unknown): void {
    if (event === 'finish') {
      this.lesson?.learn();
    }
    super.emitted(event);
  }

  /** What was written and not handed on yet: some releases of Node gather it until the next tick. */
  heldBack(): number {
    const { socket, writableLength, _header: head, _headerSent: headSent } = this.response;
    const held = socket ? writableLength - socket.writableLength : 0;
    const framed = head && headSent === false ? held - head.length : held;
    return Math.max(0, framed - LINE_ENDS_BYTES - framed.toString(16).length);
  }

  /** The connection on which the response is being sent is about to be destroyed. */
  connectionGoes(unsent: number): void {
    this.rawUnsent = unsent;
  }

  protected override lookAtHead(): void {
    if (this.response.headersSent) {
      this.wroteHead();
    }
  }

  protected override givenUp(): Closing {
    const { errored, req } = this.response;
    // Programs may put something else in the place of the request.
    const socket = req?.socket;
    const error = errored ?? socket?.errored;
    const headSent = this.hadTurn;
    const unsent = this.unsentBody();
    if (error) {
      return { how: meansPeerGone(error) ? 'aborted' : 'destroyed', error, headSent, unsent };
    }
    // A connection that only this side closes never reads its end.
    const byPeer = !socket || socket.readableEnded;
    return { how: byPeer ? 'aborted' : 'destroyed', error: undefined, headSent, unsent };
  }

  private unsentBody(): number {
    if (!this.hadTurn || this.bodyBytes === 0) {
      return this.bodyBytes;
    }
    // Where a body is sent in chunks, what was not sent is taken to have its share of what they add.
    const rawUnsent = this.rawUnsent ?? this.response.socket?.writableLength ?? 0;
    const unsent = rawUnsent * (this.bodyBytes / this.rawBytes || 0);
    return Math.min(this.bodyBytes, Math.max(0, Math.round(unsent)));
  }

  /** A chunk is its size in hex, a line end, that many bytes, a line end; each may be sent on its own. */
  private unchunked(data: string | Uint8Array, bytes: number): number {
    if (this.chunkLeft > 0) {
      this.chunkLeft -= bytes;
      return 0;
    }
    const size = Number.parseInt(String(data), 16);
    if (Number.isNaN(size)) {
      return 0;
    }
    if (size === 0) {
      // The last chunk. Node 22 and 24 send what was still corked at the end after it: that is no body any more.
      this.chunkLeft = Number.POSITIVE_INFINITY;
      return 0;
    }
    this.chunkLeft = size.toString(16).length + 2 + size + 2 - bytes;
    return size;
  }
}
