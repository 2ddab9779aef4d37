import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { GotConnInfo } from '../../httptrace/client-trace.js';
import { authorityFor, type Origin, originAt } from '../../origin.js';
import { hiddenField } from '../../patch/hidden-field.js';
import { Connection } from '../connection/connection.js';
import { noteHttp2 } from '../connection/ends.js';
import { authorityOf, isUndicis, openStreams, protocolOf, socketOf } from './internals.js';

/** The ids of the streams of a client are odd numbers. */
const STEP = 2;

const sessions = hiddenField<Http2Session>();

/** What is known of one session of a client. */
export class Http2Session {
  readonly session: ClientHttp2Session;
  readonly socket: Socket;
  /** The origin that the session was opened for. */
  readonly origin: Origin;
  /** `undefined` until the session is connected. */
  connection: Connection | undefined = undefined;
  /** Whether the dial was told, or is over, so that no request is to be told of it. */
  dialIsTold = false;
  /** The id of the last stream that was opened. */
  private lastId = -1;
  /** Whether a stream is open that was opened while nobody listened. */
  private hasUnseen = false;

  private constructor(session: ClientHttp2Session) {
    this.session = session;
    this.socket = socketOf(session);
    noteHttp2(this.socket);
    this.origin = originOfSession(protocolOf(session), authorityOf(session));
  }

  /** `undefined` for a session of undici's: undici itself tells of its requests. */
  static of(session: ClientHttp2Session): Http2Session | undefined {
    const known = sessions.get(session);
    if (known !== undefined || isUndicis(session)) {
      return known;
    }
    const made = new Http2Session(session);
    sessions.set(session, made);
    return made;
  }

  /** The session has just been connected. */
  established(): Connection {
    this.dialIsTold = true;
    this.connection ??= Connection.established(this.socket);
    return this.connection;
  }

  /** Takes in a session that was connected before we listened. Since when it is idle is not known. */
  join(): void {
    const { session, socket } = this;
    if (!session.connecting && !session.destroyed) {
      this.dialIsTold = true;
      this.connection = Connection.older(socket, true, false);
    }
  }

  /** A stream was just opened. Others may have been opened before it, while nobody listened. */
  take(stream: ClientHttp2Stream, connection: Connection, wantedAt: number): GotConnInfo {
    const { lastId, hasUnseen } = this;
    this.lastId = stream.id ?? lastId;
    if (hasUnseen || this.lastId !== lastId + STEP) {
      this.hasUnseen = openStreams(this.session) > connection.underWay + 1;
      connection.missed(this.hasUnseen);
    }
    return connection.take(wantedAt);
  }
}

/** @param authority `host:port`, as Node keeps it: always with a port, and IPv6 without brackets. */
function originOfSession(protocol: string, authority: string): Origin {
  const colon = authority.lastIndexOf(':');
  const host = authority.slice(0, colon);
  return host.includes(':') && !host.startsWith('[')
    ? originAt(protocol, authorityFor(protocol, host, authority.slice(colon + 1)))
    : originAt(protocol, authority);
}
