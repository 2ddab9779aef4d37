import type { GotConnInfo, WroteRequestInfo } from '../../../src/httptrace/client-trace.js';

/** One thing that a source told of a request. */
export interface Fact {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** What is wrong with the order of these facts of one request: nothing, if they may have happened like this. */
export function illegalities(facts: readonly Fact[]): string[] {
  const request = new RequestState();
  const problems = facts.flatMap((fact) => request.take(fact));
  if (request.end === undefined) {
    problems.push('neither ended nor failed');
  }
  return problems.map((problem) => `${problem}: ${facts.map(({ name }) => name).join(' ')}`);
}

/** These may come after the end: a dial goes on, and a connection goes back. */
const AFTER_END = /^(dns|connect|tlsHandshake)(Start|Done)$|^putIdleConn$/;

/** What must hold when a fact comes; each gives the problem if it does not. */
type Rule = (request: RequestState, args: readonly unknown[]) => string | false;

const RULES: Record<string, readonly Rule[]> = {
  dnsStart: [(r) => r.lookingUp && 'during a lookup', (r) => r.dialling !== undefined && 'during a dial'],
  dnsDone: [(r) => !r.lookingUp && 'without dnsStart'],
  connectStart: [(r) => r.lookingUp && 'during a lookup', (r) => r.dialling !== undefined && 'during a dial'],
  connectDone: [(r, [, addr]) => r.dialling !== addr && `of ${addr} while ${r.dialling} is dialled`],
  tlsHandshakeStart: [
    (r) => r.handshaking && 'during a handshake',
    (r) => r.dialling !== undefined && 'during a dial',
  ],
  tlsHandshakeDone: [(r) => !r.handshaking && 'without tlsHandshakeStart'],
  gotConn: [(_r, [info]) => !isPossible(info as GotConnInfo) && `with ${idlenessOf(info as GotConnInfo)}`],
  wroteHeaderField: [needs('gotConn'), before('wroteHeaders')],
  wroteHeaders: [needs('gotConn'), once('wroteHeaders')],
  wroteBodyChunk: [needs('wroteHeaders'), before('wroteRequest')],
  wroteRequest: [
    (r, [info]) => needs((info as WroteRequestInfo).err === undefined ? 'wroteHeaders' : 'gotConn')(r, []),
    once('wroteRequest'),
  ],
  gotFirstResponseByte: [needs('wroteHeaders'), once('gotFirstResponseByte')],
  got1xxResponse: [needs('gotFirstResponseByte'), before('gotResponse')],
  gotResponse: [needs('gotFirstResponseByte'), once('gotResponse')],
  gotBodyChunk: [needs('gotResponse')],
  ended: [needs('gotResponse')],
  putIdleConn: [once('putIdleConn'), (r) => r.end !== 'ended' && `although it ${r.end ?? 'is under way'}`],
};

class RequestState {
  end: string | undefined;
  lookingUp = false;
  dialling: unknown;
  handshaking = false;
  /** Since it was sent for the last time. */
  readonly seen = new Set<string>();
  private begun = false;

  take({ name, args }: Fact): string[] {
    const problems = (RULES[name] ?? []).map((rule) => rule(this, args));
    if (this.end !== undefined && !AFTER_END.test(name)) {
      problems.push(`after ${this.end}`);
    }
    if (this.begun === (name === 'getConn')) {
      problems.push('but getConn comes first, and once');
    }
    this.note(name, args);
    return problems.filter((problem) => problem !== false).map((problem) => `${name} ${problem}`);
  }

  private note(name: string, args: readonly unknown[]): void {
    this.begun = true;
    if (name === 'dnsStart' || name === 'dnsDone') {
      this.lookingUp = name === 'dnsStart';
    } else if (name === 'connectStart' || name === 'connectDone') {
      this.dialling = name === 'connectStart' ? args[1] : undefined;
    } else if (name === 'tlsHandshakeStart' || name === 'tlsHandshakeDone') {
      this.handshaking = name === 'tlsHandshakeStart';
    } else if (name === 'ended' || name === 'failed') {
      this.end = name;
    } else if (name === 'gotConn') {
      this.seen.clear();
    }
    this.seen.add(name);
  }
}

function needs(earlier: string): Rule {
  return ({ seen }) => !seen.has(earlier) && `without ${earlier}`;
}

function before(later: string): Rule {
  return ({ seen }) => seen.has(later) && `after ${later}`;
}

function once(name: string): Rule {
  return ({ seen }) => seen.has(name) && 'twice';
}

function isPossible({ wasIdle, idleTime }: GotConnInfo): boolean {
  return wasIdle ? idleTime >= 0 && Number.isFinite(idleTime) : idleTime === 0;
}

function idlenessOf({ wasIdle, idleTime }: GotConnInfo): string {
  return `wasIdle ${wasIdle} and idleTime ${idleTime}`;
}
