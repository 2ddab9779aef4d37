import type { Socket } from 'node:net';
import { now } from '../clock.js';
import { errorMessage, errorType } from '../emit/http/error.js';
import { compileRedactedQueryParams, redactUrl } from '../emit/http/redaction.js';
import type {
  ClientTrace,
  DNSDoneInfo,
  DNSStartInfo,
  GotConnInfo,
  TLSConnectionState,
  WroteRequestInfo,
} from '../httptrace/client-trace.js';
import { DEFAULT_REDACTED_QUERY_PARAMS } from '../semconv/defaults.js';
import type { Phase } from '../semconv/semconv.js';
import { formatAddress, formatStatus } from '../waterfall/format.js';
import { bytesDetail, failureText, type Moment, type RequestFacts } from '../waterfall/request-block.js';
import type { Answer, Hop } from './exchange.js';
import { PhaseLog, rounded } from './phase-log.js';

/** One request as `--json` prints it. Times in milliseconds; what did not happen is left out. */
export interface RequestSummary {
  url: string;
  method: string;
  status?: number;
  protocol?: string;
  reused?: boolean;
  phases: Partial<Record<Phase, number>>;
  total: number;
  error?: string;
}

const REDACTED_QUERY_PARAMS = compileRedactedQueryParams(DEFAULT_REDACTED_QUERY_PARAMS);

/** Notes the hooks of one request, and makes of them what is drawn and what `--json` prints. */
export class RequestRecorder implements ClientTrace {
  readonly hop: Hop;
  private readonly url: string;
  private readonly phases = new PhaseLog();
  private readonly moments: Moment[] = [];
  private startedAt = now();
  private endedAt = Number.NaN;
  private gotConnAt = Number.NaN;
  private conn: GotConnInfo | undefined;
  private peer: string | undefined;
  private failure: RequestFacts['failure'];
  private answer: Answer | undefined;
  private bodyBytes = 0;
  private getConnCalled = false;

  constructor(hop: Hop) {
    this.hop = hop;
    this.url = redactUrl(hop.url.href, REDACTED_QUERY_PARAMS);
  }

  /** A transport that hands over to another one has called it before. */
  getConn(): void {
    if (!this.getConnCalled) {
      this.getConnCalled = true;
      // What the program did for itself before is no part of the request.
      this.startedAt = now();
      this.phases.begin('getconn', this.startedAt);
    }
  }

  dnsStart({ host }: DNSStartInfo, at = now()): void {
    this.phases.begin('dns', at, [host]);
  }

  dnsDone({ addrs, err }: DNSDoneInfo): void {
    const found = addrs.map(({ address }) => address).join(', ');
    this.phases.end('dns', now(), ([host = '']) => (found === '' ? [host] : [`${host} → ${found}`]), err);
  }

  connectStart(_network: 'tcp' | 'unix', addr: string): void {
    this.phases.begin('connect', now(), [addr], addr);
  }

  connectDone(_network: 'tcp' | 'unix', addr: string, err?: Error): void {
    this.phases.end('connect', now(), undefined, err, addr);
  }

  tlsHandshakeStart(): void {
    this.phases.begin('tls', now());
  }

  tlsHandshakeDone(state: TLSConnectionState, err?: Error): void {
    this.phases.end('tls', now(), () => tlsDetails(state, err), err);
  }

  gotConn(info: GotConnInfo): void {
    const at = now();
    this.phases.end('getconn', at);
    this.gotConnAt = at;
    this.conn = info;
    this.peer = peerOf(info.conn);
  }

  wroteHeaders(): void {
    this.phases.begin('send', this.gotConnAt);
  }

  wait100Continue(): void {
    this.note('body held back');
  }

  wroteRequest({ err }: WroteRequestInfo): void {
    const at = now();
    this.phases.end('send', at, undefined, err);
    if (err === undefined) {
      this.phases.begin('wait', at);
    }
    if (this.phases.isOpen('receive')) {
      // The answer began before everything was sent: there was nothing to wait for.
      this.phases.end('wait', at);
    }
  }

  gotFirstResponseByte(): void {
    const at = now();
    this.phases.end('wait', at);
    this.phases.begin('receive', at);
  }

  got1xxResponse(code: number): undefined {
    this.note(formatStatus(code));
  }

  /** What the client itself tells, and no hook. */
  gotAnswer(answer: Answer): void {
    this.answer = answer;
  }

  gotBody(bytes: number): void {
    this.bodyBytes += bytes;
  }

  /** The answer is complete. */
  ended(): void {
    this.finish();
  }

  /** The request failed: with what, and, as far as is known, in which phase. */
  failed(error: unknown): void {
    const type = errorType(error);
    const message = errorMessage(error);
    const phase = this.phases.fail(now(), type);
    this.failure = {
      type,
      ...(phase === undefined ? {} : { phase }),
      ...(message === undefined ? {} : { message }),
    };
    this.finish();
  }

  private finish(): void {
    this.endedAt = now();
    this.phases.end('receive', this.endedAt, () => bytesDetail(this.bodyBytes));
  }

  /** Where it failed; `undefined` if it did not, or if that is not known. */
  get failedPhase(): string | undefined {
    return this.failure?.phase;
  }

  /** What is drawn. */
  facts(): RequestFacts {
    const { conn, peer, answer, failure } = this;
    return {
      title: `${this.hop.method} ${this.url}`,
      start: this.startedAt,
      end: this.endedAt,
      connection: {
        ...(conn === undefined ? {} : { reused: conn.reused }),
        ...(conn?.wasIdle === true ? { idleMs: conn.idleTime } : {}),
        ...(peer === undefined ? {} : { peer }),
      },
      phases: this.phases.intervals(),
      moments: this.moments,
      ...(answer === undefined ? {} : { status: answer.status, protocol: answer.protocol }),
      ...(failure === undefined ? {} : { failure }),
    };
  }

  /** What `--json` prints. */
  toJSON(): RequestSummary {
    const { conn, answer, failure } = this;
    return {
      url: this.url,
      method: this.hop.method,
      ...(answer === undefined ? {} : { status: answer.status, protocol: answer.protocol }),
      ...(conn === undefined ? {} : { reused: conn.reused }),
      phases: this.phases.durations(),
      total: rounded(this.endedAt - this.startedAt),
      ...(failure === undefined ? {} : { error: failureText(failure) }),
    };
  }

  private note(name: string): void {
    this.moments.push({ name, details: [], at: now(), failed: false });
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string | undefined {
  return remoteAddress === undefined ? undefined : formatAddress(remoteAddress, remotePort);
}

function tlsDetails(state: TLSConnectionState, err: Error | undefined): string[] {
  return [
    state.version.replace(/^TLSv/, 'TLS '),
    state.negotiatedProtocol,
    state.didResume ? 'resumed' : '',
    err === undefined && !state.authorized ? 'not verified' : '',
  ].filter((detail) => detail !== '');
}
