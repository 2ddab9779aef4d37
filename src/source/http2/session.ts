import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { GotConnInfo } from '../../httptrace/client-trace.js';
import { authorityFor, type Origin, originAt } from '../../origin.js';
import { hiddenField } from '../../patch/hidden-field.js';
import { Connection } from '../connection/connection.js';
import { noteHttp2 } from '../connection/ends.js';
import { authorityOf, isUndicis, openStreams, protocolOf, socketOf } from './internals.js';

/** From the id of one stream of a client to that of the next. */
const STEP = 2;

const sessions = hiddenField<Http2Session>();

/** What is known of one session of a client. */
export class Http2Session {
  readonly session: ClientHttp2Session;
  readonly socket: Socket;
  /** Where it leads. */
  readonly origin: Origin;
  /** Known from when it is connected. */
  connection: Connection | undefined = undefined;
  /** Whether its dial was told, or nobody is to be told of it any more. */
  dialIsTold = false;
  /** Of the last stream that was opened. */
  private lastId = -1;
  /** Whether a stream is open that we did not see. */
  private hasUnseen = false;

  private constructor(session: ClientHttp2Session) {
    this.session = session;
    this.socket = socketOf(session);
    noteHttp2(this.socket);
    this.origin = originOfSession(protocolOf(session), authorityOf(session));
  }

  /** `undefined` for a session of undici's, whose requests are told by undici itself. */
  static of(session: ClientHttp2Session): Http2Session | undefined {
    const known = sessions.get(session);
    if (known !== undefined || isUndicis(session)) {
      return known;
    }
    const made = new Http2Session(session);
    sessions.set(session, made);
    return made;
  }

  /** It is connected now. */
  established(): Connection {
    this.dialIsTold = true;
    this.connection ??= Connection.established(this.socket);
    return this.connection;
  }

  /** If it was connected before we looked, it is lost since when it has nothing to do. */
  join(): void {
    const { session, socket } = this;
    if (!session.connecting && !session.destroyed) {
      this.dialIsTold = true;
      this.connection = Connection.older(socket, true, false);
    }
  }

  /** A stream was just opened. Before it there may have been others, while nobody looked. */
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

/** @param authority `host:port`, as Node has it: an IPv6 address has no brackets, and the port is always there. */
function originOfSession(protocol: string, authority: string): Origin {
  const colon = authority.lastIndexOf(':');
  const host = authority.slice(0, colon);
  return host.includes(':') && !host.startsWith('[')
    ? originAt(protocol, authorityFor(protocol, host, authority.slice(colon + 1)))
    : originAt(protocol, authority);
}
