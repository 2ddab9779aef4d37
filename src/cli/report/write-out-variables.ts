import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { ATTR_HTTP_CONN_REUSED, type Phase } from '../../semconv/semconv.js';
import { booleanOf, toMs } from '../../waterfall/readable-span.js';
import { phasesOf } from '../../waterfall/span-phases.js';
import { headerFields, headText } from '../answer.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { redirectTarget } from '../hop.js';
import type { Outcome } from '../outcome.js';
import { safeJson } from '../output.js';
import type { TracedRequest } from '../traced-request.js';

/** What the variables of -w are made of. */
export interface Facts extends Outcome {
  readonly exitcode: ExitCode;
  /** The last request; `undefined` if nothing could be sent. */
  readonly last: TracedRequest | undefined;
  /** Seconds, as curl counts them: from the start, and added up over redirects. */
  readonly times: Readonly<Record<TimeName, number>>;
  /** The first value of a header of the last response. */
  header(name: string): string;
}

type TimeName =
  | 'namelookup'
  | 'connect'
  | 'appconnect'
  | 'pretransfer'
  | 'posttransfer'
  | 'starttransfer'
  | 'redirect'
  | 'total';

export function factsOf(outcome: Outcome): Facts {
  const last = outcome.hops.at(-1);
  return {
    ...outcome,
    exitcode: outcome.error?.exitCode ?? EXIT.success,
    last,
    times: timesOf(outcome.hops),
    header: (name) => fieldsOf(last).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1] ?? '',
  };
}

function fieldsOf(request: TracedRequest | undefined): (readonly [string, string])[] {
  return request?.answer === undefined ? [] : headerFields(request.answer);
}

/** Where each moment of curl's stands: at the end, or the start, of which phases. */
const MOMENTS: readonly [name: TimeName, end: 'start' | 'end', phases: readonly Phase[]][] = [
  ['namelookup', 'end', ['dns']],
  ['connect', 'end', ['connect']],
  ['appconnect', 'end', ['tls']],
  ['pretransfer', 'end', ['getconn']],
  ['posttransfer', 'end', ['send']],
  ['starttransfer', 'start', ['receive']],
];

function timesOf(hops: readonly TracedRequest[]): Record<TimeName, number> {
  const [first] = hops;
  const last = hops.at(-1);
  const times: Record<TimeName, number> = {
    namelookup: 0,
    connect: 0,
    appconnect: 0,
    pretransfer: 0,
    posttransfer: 0,
    starttransfer: 0,
    redirect: 0,
    total: 0,
  };
  if (first === undefined || last === undefined) {
    return times;
  }
  for (const { finishedSpan } of hops) {
    const start = toMs(finishedSpan.startTime);
    const phases = phasesOf(finishedSpan, []);
    for (const [name, edge, wanted] of MOMENTS) {
      const own = phases.filter(({ phase, error }) => wanted.includes(phase) && error === undefined);
      times[name] += own.length === 0 ? 0 : (Math.max(...own.map((phase) => phase[edge])) - start) / 1_000;
    }
  }
  const began = toMs(first.finishedSpan.startTime);
  times.redirect = (toMs(last.finishedSpan.startTime) - began) / 1_000;
  times.total = (toMs(last.finishedSpan.endTime) - began) / 1_000;
  return times;
}

/** The variables by name, and how each is printed. */
export const VARIABLES: ReadonlyMap<string, (facts: Facts) => string> = new Map<
  string,
  (facts: Facts) => string
>([
  ['content_type', ({ header }) => header('content-type')],
  ['errormsg', ({ error }) => error?.message ?? ''],
  ['exitcode', ({ exitcode }) => String(exitcode)],
  ['filename_effective', ({ options }) => options.output ?? ''],
  ['header_json', headerJson],
  ['http_code', statusCode],
  ['http_connect', ({ tunnel }) => String(tunnel?.status ?? 0).padStart(3, '0')],
  ['http_version', ({ last }) => last?.answer?.protocol.replace('HTTP/', '') ?? '0'],
  ['json', allAsJson],
  ['local_ip', ({ last }) => last?.ends?.localAddress ?? ''],
  ['local_port', ({ last }) => String(last?.ends?.localPort ?? 0)],
  ['method', ({ last }) => last?.hop.method ?? ''],
  ['num_connects', ({ hops }) => String(hops.filter(isNewConnection).length)],
  ['num_headers', ({ last }) => String(fieldsOf(last).length)],
  ['num_redirects', ({ hops }) => String(Math.max(0, hops.length - 1))],
  ['redirect_url', redirectUrl],
  ['remote_ip', ({ last }) => last?.ends?.remoteAddress ?? ''],
  ['remote_port', ({ last }) => String(last?.ends?.remotePort ?? 0)],
  ['response_code', statusCode],
  ['scheme', ({ last }) => (last?.hop.url.protocol ?? '').replace(':', '').toUpperCase()],
  ['size_download', ({ last }) => String(last?.receivedBytes ?? 0)],
  ['size_header', headerSize],
  ['size_upload', ({ last }) => String(last?.hop.body?.length ?? 0)],
  ['speed_download', ({ last, times }) => speed(last?.receivedBytes, times.total)],
  ['speed_upload', ({ last, times }) => speed(last?.hop.body?.length, times.total)],
  ['ssl_verify_result', ({ last }) => verifyResult(last?.conn)],
  ['time_appconnect', ({ times }) => seconds(times.appconnect)],
  ['time_connect', ({ times }) => seconds(times.connect)],
  ['time_namelookup', ({ times }) => seconds(times.namelookup)],
  ['time_posttransfer', ({ times }) => seconds(times.posttransfer)],
  ['time_pretransfer', ({ times }) => seconds(times.pretransfer)],
  ['time_redirect', ({ times }) => seconds(times.redirect)],
  ['time_starttransfer', ({ times }) => seconds(times.starttransfer)],
  ['time_total', ({ times }) => seconds(times.total)],
  ['url', ({ options }) => options.urlText],
  ['url_effective', ({ last, options }) => last?.hop.url.href ?? options.url.href],
  ['urlnum', () => '0'],
]);

function seconds(value: number): string {
  return value.toFixed(6);
}

/** Of all responses, that of a proxy to CONNECT included. */
function headerSize({ hops, tunnel }: Facts): string {
  const sizes = hops.map(({ answer }) => (answer === undefined ? 0 : headText(answer).length));
  return String(sizes.reduce((sum, size) => sum + size, tunnel?.headSize ?? 0));
}

function speed(bytes: number | undefined, total: number): string {
  return String(total > 0 ? Math.round((bytes ?? 0) / total) : 0);
}

function statusCode({ last }: Facts): string {
  return String(last?.answer?.status ?? 0).padStart(3, '0');
}

function isNewConnection({ finishedSpan }: TracedRequest): boolean {
  return booleanOf(finishedSpan.attributes, ATTR_HTTP_CONN_REUSED) === false;
}

/** Where a redirect leads that was not followed. */
function redirectUrl({ last, options }: Facts): string {
  const target = last?.answer === undefined || options.location ? undefined : redirectTarget(last.answer);
  return last === undefined || target === undefined || !URL.canParse(target, last.hop.url.href)
    ? ''
    : new URL(target, last.hop.url).href;
}

/** What OpenSSL calls a certificate that is accepted although it is not valid. */
const VERIFY_RESULTS: Readonly<Record<string, number>> = {
  CERT_NOT_YET_VALID: 9,
  CERT_HAS_EXPIRED: 10,
  DEPTH_ZERO_SELF_SIGNED_CERT: 18,
  SELF_SIGNED_CERT_IN_CHAIN: 19,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 20,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 21,
  ERR_TLS_CERT_ALTNAME_INVALID: 0,
};

function verifyResult(conn: Socket | undefined): string {
  const error: unknown = (conn as TLSSocket | undefined)?.authorizationError;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : error;
  return String(code === undefined || code === null ? 0 : (VERIFY_RESULTS[String(code)] ?? 1));
}

function headerJson({ last }: Facts): string {
  const values: Record<string, string[]> = {};
  for (const [name, value] of fieldsOf(last)) {
    values[name.toLowerCase()] = [...(values[name.toLowerCase()] ?? []), value];
  }
  return safeJson(values);
}

const NUMBER = /^-?\d+(\.\d+)?$/;

function allAsJson(facts: Facts): string {
  const values: Record<string, string | number | null> = {};
  for (const [name, print] of VARIABLES) {
    if (name !== 'json' && name !== 'header_json') {
      const text = print(facts);
      values[name] = text === '' ? null : NUMBER.test(text) && name !== 'http_version' ? Number(text) : text;
    }
  }
  return safeJson(values);
}
