import type { ServerHttp2Stream } from 'node:http2';
import { byteLengthOf } from '../../httpsnoop/byte-length.js';
import { meansPeerGone } from './peer-gone.js';
import type { Closing, ServerTrace } from './trace.js';

/** `headRequest` is missing in Node's types. */
type Stream = ServerHttp2Stream & { readonly headRequest?: boolean };

/** A CONNECT: from its answer on, the stream belongs to another protocol, which the client may have named. */
export interface Tunnel {
  readonly protocol: string | undefined;
}

const NO_ERROR = 0;

/** Turns what happens to one HTTP/2 stream into the steps of its trace. */
export class WatchedStream {
  readonly trace: ServerTrace;
  private readonly stream: Stream;
  private readonly tunnel: Tunnel | undefined;
  private headSeen = false;
  private endSeen = false;
  /** Whether Node sends a file by itself: then the stream shows nothing of its body. */
  private sendsFile = false;
  private givenUp = false;

  constructor(stream: Stream, trace: ServerTrace, tunnel: Tunnel | undefined) {
    this.stream = stream;
    this.trace = trace;
    this.tunnel = tunnel;
  }

  private get isOpen(): boolean {
    return !this.stream.closed && !this.stream.destroyed;
  }

  get takesBody(): boolean {
    return this.isOpen && !this.stream.writableEnded && this.stream.headRequest !== true;
  }

  /** Node writes the head by itself too: with the first part of the body, or when it has opened a file. */
  lookAtHead(): void {
    const { headersSent, sentHeaders } = this.stream;
    if (this.headSeen || !headersSent) {
      return;
    }
    this.headSeen = true;
    const status = Number(sentHeaders[':status']);
    this.trace.wroteHead(status, sentHeaders);
    if (this.tunnel !== undefined && status < 300) {
      this.trace.hijacked(this.tunnel.protocol);
    }
  }

  responded(): void {
    this.sendsFile = false;
    this.lookAtHead();
  }

  wrote(chunk: unknown, encoding: unknown): void {
    this.lookAtHead();
    this.trace.wroteBody(byteLengthOf(chunk, encoding));
  }

  /** Node ends a stream too: for a HEAD, a 204, a file, and when it is reset. */
  ended(): void {
    this.lookAtHead();
    if (this.endSeen || !this.isOpen) {
      return;
    }
    this.endSeen = true;
    if (this.sendsFile) {
      this.trace.wroteBody(Number(this.stream.sentHeaders['content-length']));
    }
    this.trace.ended();
  }

  willSendFile(): void {
    this.sendsFile = true;
  }

  /** The program closes the stream; or Node does, because the connection was closed. */
  willBeClosed(): void {
    this.givenUp ||= this.isOpen && !isClosed(this.stream.session);
  }

  /** Everything was handed to the connection, unless the stream was closed first and this only follows from that. */
  sawFinish(): void {
    if (!this.sendsFile && this.stream.headRequest !== true) {
      this.finishIfWell();
    }
  }

  /** Node ends the stream of a HEAD before the program answers: then a body, even an empty one, is written too late. */
  failed(error: unknown): void {
    const isLateBody =
      error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_WRITE_AFTER_END';
    if (!isLateBody || this.stream.headRequest !== true) {
      this.trace.errored(error);
    }
  }

  closing(): Closing {
    const { errored, headRequest } = this.stream;
    this.lookAtHead();
    if (this.sendsFile) {
      this.closeFile();
    } else if (headRequest === true) {
      this.finishIfWell();
    }
    const byPeer = !this.givenUp || (errored !== null && meansPeerGone(errored));
    return { how: byPeer ? 'aborted' : 'destroyed', error: errored ?? undefined };
  }

  /** Node says nothing when it has sent a file, but that the stream is closed. */
  private closeFile(): void {
    if (!this.finishIfWell()) {
      this.trace.wroteBody(Number.NaN);
    }
  }

  private finishIfWell(): boolean {
    const { rstCode, aborted, headersSent } = this.stream;
    const isWell = rstCode === NO_ERROR && !aborted && headersSent;
    if (isWell) {
      this.trace.finished();
    }
    return isWell;
  }
}

function isClosed(session: ServerHttp2Stream['session']): boolean {
  return session === undefined || session.destroyed || session.socket.destroyed;
}
