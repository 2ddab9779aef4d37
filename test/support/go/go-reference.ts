import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  DNSDoneInfo,
  DNSStartInfo,
  GotConnInfo,
  TLSConnectionState,
  WroteRequestInfo,
} from '../../../src/httptrace/client-trace.js';
import type { RecordedCall } from '../event-recorder.js';

/** One hook as Go's reference writes it down. */
export interface GoCall {
  readonly hook: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** What Go did in one scenario: how each request came out, and the hooks that ran for it. */
export interface GoScenario {
  readonly name: string;
  readonly about: string;
  readonly outcome: readonly string[];
  readonly requests: readonly (readonly GoCall[])[];
}

/** Recorded from Go's `net/http`, every hook set, against servers on the loopback interface. */
export const GO_SCENARIOS: readonly GoScenario[] = JSON.parse(
  readFileSync(join(__dirname, '..', '..', 'fixtures', 'go-httptrace.json'), 'utf8'),
);

/** The same over HTTP/2, by scripts/go-http2 and a newer Go. */
export const GO_HTTP2_SCENARIOS: readonly GoScenario[] = JSON.parse(
  readFileSync(join(__dirname, '..', '..', 'fixtures', 'go-httptrace-http2.json'), 'utf8'),
);

/** A call of one of our hooks in the form of Go's reference. */
export function asGo({ hook, args }: RecordedCall): GoCall {
  const name = GO_NAMES[hook] ?? hook.charAt(0).toUpperCase() + hook.slice(1);
  const normalized = GO_ARGS[hook]?.(args);
  return normalized === undefined ? { hook: name } : { hook: name, args: normalized };
}

/** A failure by its kind, as the reference reduces it. */
export function kindOf(error: unknown): string | null {
  if (error === undefined) {
    return null;
  }
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? String(cause.code) : cause.name;
    const kind = KINDS[code] ?? KINDS[cause.name];
    if (kind !== undefined) {
      return kind;
    }
  }
  return String(error);
}

const KINDS: Record<string, string> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ECONNREFUSED: 'refused',
  ECONNRESET: 'eof',
  UND_ERR_SOCKET: 'eof',
  ERR_HTTP2_STREAM_ERROR: 'reset',
  TimeoutError: 'timeout',
};

const GO_NAMES: Record<string, string> = {
  dnsStart: 'DNSStart',
  dnsDone: 'DNSDone',
  tlsHandshakeStart: 'TLSHandshakeStart',
  tlsHandshakeDone: 'TLSHandshakeDone',
};

type Args = Readonly<Record<string, unknown>>;

const GO_ARGS: Record<string, (args: readonly unknown[]) => Args> = {
  getConn: ([hostPort]) => ({ host: withoutPort(hostPort as string) }),
  dnsStart: ([info]) => ({ host: (info as DNSStartInfo).host }),
  dnsDone: ([info]) => {
    const { addrs, err } = info as DNSDoneInfo;
    return { err: kindOf(err), hasAddrs: addrs.length > 0 };
  },
  connectStart: ([network, addr]) => ({ addr: withoutPort(addr as string), network }),
  connectDone: ([network, addr, err]) => ({ addr: withoutPort(addr as string), err: kindOf(err), network }),
  tlsHandshakeDone: ([state, err]) => ({
    alpn: (state as TLSConnectionState).negotiatedProtocol,
    err: kindOf(err),
  }),
  gotConn: ([info]) => {
    const { reused, wasIdle, idleTime } = info as GotConnInfo;
    return { idleTimePositive: idleTime > 0, reused, wasIdle };
  },
  wroteHeaderField: ([key]) => ({ key }),
  wroteRequest: ([info]) => ({ err: kindOf((info as WroteRequestInfo).err) }),
  got1xxResponse: ([code, headers]) => ({ code, headers: Object.keys(headers as object) }),
  putIdleConn: ([err]) => ({ err: kindOf(err) }),
};

function withoutPort(hostPort: string): string {
  return hostPort.slice(0, hostPort.lastIndexOf(':'));
}
