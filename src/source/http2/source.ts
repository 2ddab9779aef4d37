import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { byteLengthOf } from '../../httpsnoop/byte-length.js';
import { type AmendedCall, amendMethod } from '../../patch/amend-method.js';
import { whenUncaught } from '../../patch/thrown-error.js';
import { watchMethod } from '../../patch/watch-method.js';
import type { ChannelMessages } from '../channels.js';
import { Dial } from '../connection/dial.js';
import type { NewSockets } from '../connection/new-sockets.js';
import { Lifecycle } from '../lifecycle.js';
import type { Begin, Report, RequestTrace, Source, Stop } from '../request-trace.js';
import { guardedPair, subscribe } from '../subscribe.js';
import { exchanges, Http2Exchange, type WatchSession } from './exchange.js';
import { FreshSockets } from './fresh-sockets.js';
import { type GivenHeaders, RequestHeaders } from './headers.js';
import type { Http2Request } from './request.js';
import { Http2Session } from './session.js';
import { whenSessionsExist } from './sessions.js';
import { StreamWatch } from './streams.js';
import type { StreamHandlers } from './unpublished-streams.js';
import { errorWith } from './verdict.js';

type Tell<About> = (exchange: Http2Exchange, about: About) => void;

/**
 * Turns what the clients of `node:http2` do into the hooks of the request that they do it for.
 *
 * A request begins where the program asks a session for it: its header is final when that returns, which no channel
 * precedes.
 */
export class Http2Source implements Source {
  private readonly beginTrace: Begin<Http2Request>;
  private readonly watch: WatchSession;
  private readonly report: Report;
  private readonly fresh = new FreshSockets();
  private readonly streams: StreamWatch;
  private readonly lifecycle: Lifecycle;
  private readonly handlers: StreamHandlers = {
    'http2.client.stream.start': ({ stream }) => exchanges.get(stream)?.start(),
    'http2.client.stream.bodyChunkSent': onBodyChunkSent,
    'http2.client.stream.bodySent': ({ stream }) => exchanges.get(stream)?.finish(),
  };
  private readonly tellCalled: (call: RequestCall, session: ClientHttp2Session) => void;
  private readonly tellMade: Tell<ClientHttp2Stream>;
  private readonly tellThrown: Tell<unknown>;
  private readonly tellEvent: (session: ClientHttp2Session, event: unknown) => void;

  constructor(begin: Begin<Http2Request>, sockets: NewSockets, watch: WatchSession, report: Report) {
    this.beginTrace = begin;
    this.watch = watch;
    this.report = report;
    this.streams = new StreamWatch(this.handlers, report);
    this.tellCalled = guardedPair(
      'a request of HTTP/2',
      (call, session) => this.begin(call, session),
      report,
    );
    this.tellMade = guardedPair(
      'a stream',
      (exchange, stream) => {
        this.streams.learn(stream);
        exchange.made(stream);
      },
      report,
    );
    this.tellThrown = guardedPair('a failed request', (exchange, error) => exchange.fail(error), report);
    this.tellEvent = guardedPair(
      'an event of a session',
      (session, event) => this.onSessionEvent(session, event),
      report,
    );
    this.lifecycle = new Lifecycle(() => this.open(sockets));
  }

  start(): void {
    this.lifecycle.start();
  }

  stop(): void {
    this.lifecycle.stop();
  }

  private open(sockets: NewSockets): Stop[] {
    const patches: Stop[] = [];
    this.streams.start();
    return [
      whenSessionsExist((prototype) => patches.push(...this.watchSessions(prototype)), this.report),
      subscribe(this.handlers, this.report),
      sockets.listen(this.fresh),
      () => {
        this.streams.stop();
        for (const stop of patches.splice(0)) {
          stop();
        }
      },
    ];
  }

  private watchSessions(prototype: object): Stop[] {
    return [
      amendMethod(prototype, 'request', (session: ClientHttp2Session, args) => this.request(session, args)),
      watchMethod(prototype, 'emit', (session: ClientHttp2Session, args) => this.tellEvent(session, args[0])),
    ];
  }

  private request(session: ClientHttp2Session, args: readonly unknown[]): RequestCall | undefined {
    const call = new RequestCall(args, this.tellMade, this.tellThrown);
    this.tellCalled(call, session);
    return call.exchange === undefined ? undefined : call;
  }

  private begin(call: RequestCall, session: ClientHttp2Session): void {
    const [given, ...options] = call.args;
    const on = Http2Session.of(session);
    if (on === undefined || !areHeaders(given)) {
      return;
    }
    if (on.connection === undefined) {
      on.join();
    }
    const headers = new RequestHeaders(given);
    const exchange = new Http2Exchange(on, headers, this.watch, this.lifecycle);
    call.exchange = exchange;
    call.args = [headers.toSend, ...options];
    const trace = headers.isTunnel ? undefined : this.beginTrace(exchange, exchange.wantedAt);
    exchange.begin(trace);
    if (!on.dialIsTold) {
      on.dialIsTold = true;
      if (trace !== undefined) {
        this.watchDial(on.socket, trace);
      }
    }
  }

  private onSessionEvent(session: ClientHttp2Session, event: unknown): void {
    const on = event === 'connect' && !session.destroyed ? Http2Session.of(session) : undefined;
    if (on !== undefined) {
      this.watch(on.established(), on.origin, false);
    }
  }

  private watchDial(socket: Socket, trace: RequestTrace): void {
    const fresh = this.fresh.of(socket);
    if (fresh === undefined) {
      Dial.join(socket, trace);
    } else {
      Dial.watch(socket, trace, fresh.attempt);
    }
  }
}

/** What is none Node refuses, with an error of its own. */
function areHeaders(headers: unknown): headers is GivenHeaders {
  return headers === undefined || (typeof headers === 'object' && headers !== null);
}

/** One call of `session.request`. */
class RequestCall implements AmendedCall {
  /** What becomes of it, if anybody is to be told. */
  exchange: Http2Exchange | undefined = undefined;
  args: readonly unknown[];
  private readonly made: Tell<ClientHttp2Stream>;
  private readonly thrown: Tell<unknown>;

  constructor(given: readonly unknown[], made: Tell<ClientHttp2Stream>, thrown: Tell<unknown>) {
    this.args = given;
    this.made = made;
    this.thrown = thrown;
  }

  returned(stream: unknown): void {
    if (this.exchange !== undefined) {
      this.made(this.exchange, stream as ClientHttp2Stream);
    }
  }

  threw(): void {
    const { exchange } = this;
    if (exchange !== undefined) {
      whenUncaught((error) => this.thrown(exchange, error ?? errorOfSession(exchange.on.session)));
    }
  }
}

/** What Node throws where a session takes no requests any more; what else it throws is not known if it is caught. */
function errorOfSession({ destroyed, closed }: ClientHttp2Session): Error | undefined {
  if (destroyed) {
    return errorWith('ERR_HTTP2_INVALID_SESSION', 'The session has been destroyed');
  }
  return closed
    ? errorWith('ERR_HTTP2_GOAWAY_SESSION', 'New streams cannot be created after receiving a GOAWAY')
    : undefined;
}

function onBodyChunkSent(message: ChannelMessages['http2.client.stream.bodyChunkSent']): void {
  const exchange = exchanges.get(message.stream);
  if (exchange?.telling.countsBodies) {
    const chunks = message.writev ? message.data : [{ chunk: message.data, encoding: message.encoding }];
    exchange.wroteBodyChunk(
      chunks.reduce((sum, { chunk, encoding }) => sum + byteLengthOf(chunk, encoding), 0),
    );
  }
}
