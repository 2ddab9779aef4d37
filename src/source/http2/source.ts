import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { enterMoment, leaveMoment } from '../../clock.js';
import { whenUncaught } from '../../patch/thrown-error.js';
import { Dial } from '../connection/dial.js';
import type { NewSockets } from '../connection/new-sockets.js';
import { Lifecycle } from '../lifecycle.js';
import type { Begin, Report, RequestTrace, Source, Stop } from '../request-trace.js';
import { guarded, guardedPair, reportOnce, subscribe } from '../subscribe.js';
import { Http2Exchange, type WatchSession } from './exchange.js';
import { FreshSockets } from './fresh-sockets.js';
import { type GivenHeaders, RequestHeaders } from './headers.js';
import type { Http2Request } from './request.js';
import { Sending } from './sending.js';
import { Http2Session } from './session.js';
import { whenSessionsExist } from './sessions.js';
import { StreamWatch } from './streams.js';
import { errorWith } from './verdict.js';
import { type SessionWatcher, watchSessions } from './watched-methods.js';

/**
 * Tells the hooks of each request what the clients of `node:http2` do for it.
 *
 * A request begins in the call of `session.request`. When that returns, the header is final, and no channel is published
 * before.
 */
export class Http2Source implements Source, SessionWatcher<Http2Exchange> {
  private readonly beginTrace: Begin<Http2Request>;
  private readonly watch: WatchSession;
  private readonly report: Report;
  private readonly fresh = new FreshSockets();
  private readonly sending: Sending;
  private readonly streams: StreamWatch;
  private readonly lifecycle: Lifecycle;
  private readonly failed: (error: unknown) => void;
  private readonly made: (exchange: Http2Exchange, stream: ClientHttp2Stream) => void;
  private readonly threw: (exchange: Http2Exchange, error: unknown) => void;
  private readonly connected: (session: ClientHttp2Session) => void;

  constructor(begin: Begin<Http2Request>, sockets: NewSockets, watch: WatchSession, report: Report) {
    this.beginTrace = begin;
    this.watch = watch;
    this.report = report;
    this.sending = new Sending(report);
    this.streams = new StreamWatch(this.sending, report);
    this.failed = reportOnce('a request of HTTP/2', report);
    this.made = guardedPair(
      'a stream',
      (exchange, stream) => {
        this.streams.learn(stream);
        exchange.made(stream);
      },
      report,
    );
    this.threw = guardedPair('a failed request', (exchange, error) => exchange.fail(error), report);
    this.connected = guarded('a connected session', (session) => this.onConnect(session), report);
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
      whenSessionsExist((prototype) => patches.push(watchSessions(prototype, this)), this.report),
      subscribe(this.sending.handlers, this.report),
      sockets.listen(this.fresh),
      () => {
        this.streams.stop();
        for (const stop of patches.splice(0)) {
          stop();
        }
      },
    ];
  }

  /** As `guarded`, with something to give back. */
  beforeRequest(session: ClientHttp2Session, given: unknown): Http2Exchange | undefined {
    let exchange: Http2Exchange | undefined;
    const before = enterMoment();
    try {
      const on = Http2Session.of(session);
      if (on !== undefined && areHeaders(given)) {
        exchange = new Http2Exchange(on, new RequestHeaders(given), this.watch, this.lifecycle);
        this.begin(exchange);
      }
    } catch (error) {
      this.failed(error);
    } finally {
      leaveMoment(before);
    }
    return exchange;
  }

  private begin(exchange: Http2Exchange): void {
    const { on } = exchange;
    if (on.connection === undefined) {
      on.join();
    }
    const trace = exchange.headers.isTunnel ? undefined : this.beginTrace(exchange, exchange.wantedAt);
    exchange.begin(trace);
    if (!on.dialIsTold) {
      on.dialIsTold = true;
      if (trace !== undefined) {
        this.watchDial(on.socket, trace);
      }
    }
  }

  requestMade(exchange: Http2Exchange, stream: unknown): void {
    this.made(exchange, stream as ClientHttp2Stream);
  }

  requestThrew(exchange: Http2Exchange): void {
    whenUncaught((error) => this.threw(exchange, error ?? errorOfSession(exchange.on.session)));
  }

  beforeConnect(session: ClientHttp2Session): void {
    this.connected(session);
  }

  private onConnect(session: ClientHttp2Session): void {
    const on = session.destroyed ? undefined : Http2Session.of(session);
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

/** Anything else Node refuses, with an error of its own. */
function areHeaders(headers: unknown): headers is GivenHeaders {
  return headers === undefined || (typeof headers === 'object' && headers !== null);
}

/** The error that Node throws if the session takes no more requests. Any other is not known if the program catches it. */
function errorOfSession({ destroyed, closed }: ClientHttp2Session): Error | undefined {
  if (destroyed) {
    return errorWith('ERR_HTTP2_INVALID_SESSION', 'The session has been destroyed');
  }
  return closed
    ? errorWith('ERR_HTTP2_GOAWAY_SESSION', 'New streams cannot be created after receiving a GOAWAY')
    : undefined;
}
