import type { ServerHttp2Stream } from 'node:http2';
import { Itself } from '../patch/hidden-field.js';
import { byteLengthOf } from './byte-length.js';
import { Follower } from './follower.js';
import { NodesListeners, needsContext } from './listeners.js';
import { meansPeerGone } from './peer-gone.js';
import type { Closing } from './response-observer.js';
import { SessionBytes } from './session-bytes.js';

/** `headRequest` is missing in Node's types. */
type Stream = ServerHttp2Stream & { readonly headRequest?: boolean };

const NO_ERROR = 0;

/** From this size on, a body may be sent in parts, though it was written at once. */
const LARGE = 16_384;

interface LargeBody {
  readonly session: SessionBytes;
  /** How much of the body was sent when this began. */
  readonly before: number;
}

/**
 * A stream that is followed. A `hiddenField`, written out. V8 keeps what it learns for each function of the
 * source, so that all hidden fields would share it; this one is asked at each step of a request.
 */
export class FollowedStream extends Itself {
  readonly #follower: Http2Follower;

  constructor(stream: object, follower: Http2Follower) {
    super(stream);
    this.#follower = follower;
  }

  /** @param layer Who has another layer of methods is left out; `undefined`: nobody is. */
  static by(stream: object, layer?: object): Http2Follower | undefined {
    if (!(#follower in stream)) {
      return undefined;
    }
    const follower = stream.#follower;
    return layer === undefined || follower.layer === layer ? follower : undefined;
  }
}

/** Follows one HTTP/2 stream, whether it is answered through the compatibility API or by its own methods. */
export class Http2Follower extends Follower {
  readonly stream: Stream;
  private nodesListeners: NodesListeners | undefined = undefined;
  private endSeen = false;
  private hasResponded = false;
  /** Whether Node sends a file by itself: then the stream shows nothing of its body. */
  private sendsFile = false;
  private isGivenUp = false;
  private large: LargeBody | undefined = undefined;
  private unsent = 0;
  /** What was surely sent when the stream was destroyed. */
  private sentBytes = 0;

  constructor(stream: Stream) {
    super();
    this.stream = stream;
    this.hasResponded = stream.headersSent;
    new FollowedStream(stream, this);
  }

  private get isOpen(): boolean {
    return !this.stream.closed && !this.stream.destroyed;
  }

  /** Whether it was answered, and its end is not only what follows from a close. */
  private get isWell(): boolean {
    const { rstCode, aborted, headersSent } = this.stream;
    return rstCode === NO_ERROR && !aborted && headersSent;
  }

  /**
   * To be called before the program has the stream, and can listen to it. What Node has listen by then, for its
   * compatibility API, is the same for all streams, and needs no context: to enter one costs more than it does.
   */
  noteNodesListeners(): void {
    this.nodesListeners = NodesListeners.of(this.stream);
  }

  /** After an early end (HEAD, 204, 304, a reset) Node takes no more. */
  takesBody(): boolean {
    return this.isOpen && !this.stream.writableEnded && this.stream.headRequest !== true;
  }

  responded(): void {
    this.hasResponded = true;
    this.sendsFile = false;
    this.lookAtHead();
  }

  /** Node writes the head by itself too: with the first part of the body, or when it has opened a file. */
  override lookAtHead(): void {
    if (this.statusCode === undefined && this.stream.headersSent) {
      const { sentHeaders } = this.stream;
      this.head(Number(sentHeaders[':status']), sentHeaders);
    }
  }

  wrote(chunk: unknown, encoding: unknown): void {
    this.lookAtHead();
    const bytes = this.countsBody ? byteLengthOf(chunk, encoding) : 0;
    if (bytes > 0) {
      this.body(bytes);
      if (this.large === undefined && this.bodyBytes > LARGE) {
        this.large = this.beginLarge();
      }
    }
  }

  /** Node ends a stream too: for a HEAD, a 204, a file, and when it is reset. */
  ended(): void {
    this.lookAtHead();
    if (this.endSeen || !this.isOpen) {
      return;
    }
    this.endSeen = true;
    if (this.isFile()) {
      this.fileBody();
    }
    this.end(this.bodyBytes === 0 || this.stream.writableLength === 0);
  }

  willSendFile(): void {
    this.sendsFile = true;
  }

  /** The program closes the stream; or Node does, because the connection was closed. */
  willBeClosed(): void {
    this.isGivenUp ||= this.isOpen && !isClosed(this.stream.session);
  }

  /**
   * The stream is about to be destroyed, or just was: nothing tells later what it had not sent. What this side destroys
   * itself is sent before, as far as the peer takes it.
   */
  isDestroyed(): void {
    const { writableLength } = this.stream;
    if (writableLength === 0 || this.isFile() || (this.isGivenUp && this.bodyBytes <= LARGE)) {
      return;
    }
    const written = this.bodyBytes - writableLength;
    const sent = this.large === undefined ? 0 : this.large.before + this.large.session.sent();
    this.sentBytes = Math.max(this.sentBytes, written, sent);
    this.unsent = Math.max(0, this.bodyBytes - this.sentBytes);
  }

  override willEmit(event: unknown, error: unknown): boolean {
    switch (event) {
      case 'finish':
        if (!this.sendsFile && this.stream.headRequest !== true && this.isWell) {
          // It comes also when this side has broken the connection.
          if (isClosed(this.stream.session)) {
            this.isGivenUp = true;
          } else {
            this.finished();
          }
        }
        break;
      case 'error':
        this.failed(error);
        break;
      case 'end':
        if (this.nodesListeners?.hearEndAlone(this.stream) === true) {
          return false;
        }
        break;
      case 'close':
        if (this.closesFirst) {
          this.closed();
        }
    }
    return needsContext(this.listenIn, this.stream, event, this.nodesListeners?.counts);
  }

  protected override conclude(): Closing {
    this.large?.session.stop();
    if (this.isFile()) {
      // Node says nothing when it has sent a file, but that the stream is closed.
      if (this.isWell) {
        this.finished();
        this.fileBody();
      } else {
        this.unsent = this.bodyBytes;
        this.body(Number.NaN);
      }
    } else if (this.stream.headRequest === true && this.isWell) {
      this.finished();
    }
    return super.conclude();
  }

  protected override givenUp(): Closing {
    const { errored } = this.stream;
    const byPeer = !this.isGivenUp || (errored !== null && meansPeerGone(errored));
    return {
      how: byPeer ? 'aborted' : 'destroyed',
      error: errored ?? undefined,
      headSent: true,
      unsent: this.unsent,
    };
  }

  private failed(error: unknown): void {
    if (!(error instanceof Error)) {
      this.errored(error);
      return;
    }
    // Node ends the stream of a HEAD before the program answers: then a body, even an empty one, is written too late.
    const isLateBody = 'code' in error && error.code === 'ERR_STREAM_WRITE_AFTER_END';
    if (!meansPeerGone(error) && !(isLateBody && this.stream.headRequest === true)) {
      this.errored(error);
    }
  }

  /** A head that was written by none of the methods that are seen is that of a file, if it has a length. */
  private isFile(): boolean {
    return this.sendsFile || (!this.hasResponded && this.bodyBytes === 0 && this.fileLength() > 0);
  }

  private fileLength(): number {
    return this.stream.headersSent ? Number(this.stream.sentHeaders['content-length']) : 0;
  }

  private fileBody(): void {
    const bytes = this.fileLength();
    if (this.countsBody && this.bodyBytes === 0 && bytes !== 0) {
      this.body(bytes);
    }
  }

  private beginLarge(): LargeBody | undefined {
    const session = SessionBytes.since(this.stream);
    return session && { session, before: Math.max(0, this.bodyBytes - this.stream.writableLength) };
  }
}

function isClosed(session: ServerHttp2Stream['session']): boolean {
  return session === undefined || session.destroyed || session.socket.destroyed;
}
