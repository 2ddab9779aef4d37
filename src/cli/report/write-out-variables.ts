import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { ATTR_HTTP_CONN_REUSED, type Phase } from '../../semconv/semconv.js';
import type { ConnEnds } from '../../source/connection/ends.js';
import { booleanOf, toMs } from '../../waterfall/readable-span.js';
import { phasesOf } from '../../waterfall/span-phases.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { safeJson } from '../output.js';
import { headerFields, headText } from '../send/answer.js';
import { redirectTarget } from '../send/hop.js';
import type { TracedRequest } from '../spans/traced-request.js';
import type { Outcome } from './outcome.js';

/** The facts from which the variables of -w are made. */
export interface Facts extends Outcome {
  readonly exitcode: ExitCode;
  /** The last request; `undefined` if nothing could be sent. */
  readonly last: TracedRequest | undefined;
  /** Seconds as curl counts them: from the start, and added up over redirects. */
  readonly times: Readonly<Record<TimeName, number>>;
  /** The first value of a header in the last response. */
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

/** The start or the end of a phase at which each of curl's moments is. */
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

/** A variable of -w. */
interface Variable {
  readonly help: string;
  readonly print: (facts: Facts) => string;
}

/** The variables by name, with the way in which each is printed. */
export const VARIABLES: ReadonlyMap<string, Variable> = new Map([
  variable('content_type', 'of the last response', ({ header }) => header('content-type')),
  variable('errormsg', 'why it did not succeed', ({ error }) => error?.message ?? ''),
  variable('exitcode', 'that of `httptrace`', ({ exitcode }) => String(exitcode)),
  variable('filename_effective', 'that of `-o`', ({ options }) => options.output ?? ''),
  variable('header_json', 'the head of the last response', headerJson),
  variable('http_code', 'status of the last response, `000` if there was none', statusCode),
  variable('http_connect', "status of the proxy's answer to CONNECT, `000` if there was none", ({ tunnel }) =>
    String(tunnel?.status ?? 0).padStart(3, '0'),
  ),
  variable('http_version', '`1.1` or `2`', ({ last }) => last?.answer?.protocol.replace('HTTP/', '') ?? '0'),
  variable('json', 'all of these as one object', allAsJson),
  variable('local_ip', 'of the last connection', ({ last }) => last?.ends?.localAddress ?? ''),
  variable('local_port', 'of the last connection', ({ last }) => String(last?.ends?.localPort ?? 0)),
  variable('method', 'of the last request', ({ last }) => last?.hop.method ?? ''),
  variable('num_connects', 'connections that were made', ({ hops }) =>
    String(hops.filter(isNewConnection).length),
  ),
  variable('num_headers', 'of the last response', ({ last }) => String(fieldsOf(last).length)),
  variable('num_redirects', 'that were followed', ({ hops }) => String(Math.max(0, hops.length - 1))),
  variable('redirect_url', 'where a redirect leads that was not followed', redirectUrl),
  variable('remote_ip', 'of the last connection', ({ last }) => remoteIp(last?.ends)),
  variable('remote_port', 'of the last connection', ({ last }) => String(last?.ends?.peerPort ?? 0)),
  variable('response_code', 'as `http_code`', statusCode),
  variable('scheme', '`HTTP` or `HTTPS`', ({ last }) =>
    (last?.hop.url.protocol ?? '').replace(':', '').toUpperCase(),
  ),
  variable('size_download', 'bytes of the body, as they were on the wire', ({ last }) =>
    String(last?.receivedBytes ?? 0),
  ),
  variable('size_header', 'bytes of all heads that were received', headerSize),
  variable('size_upload', 'bytes of the body that was sent', ({ last }) =>
    String(last?.hop.body?.length ?? 0),
  ),
  variable('speed_download', 'bytes in a second', ({ last, times }) =>
    speed(last?.receivedBytes, times.total),
  ),
  variable('speed_upload', 'bytes in a second', ({ last, times }) =>
    speed(last?.hop.body?.length, times.total),
  ),
  variable('ssl_verify_result', "OpenSSL's code for the certificate, 0 if it is valid", ({ last }) =>
    verifyResult(last?.conn),
  ),
  variable('time_appconnect', 'until the TLS handshake was done', ({ times }) => seconds(times.appconnect)),
  variable('time_connect', 'until the TCP connection was there', ({ times }) => seconds(times.connect)),
  variable('time_namelookup', 'until the name was looked up', ({ times }) => seconds(times.namelookup)),
  variable('time_posttransfer', 'until the request was sent', ({ times }) => seconds(times.posttransfer)),
  variable('time_pretransfer', 'until the request had its connection', ({ times }) =>
    seconds(times.pretransfer),
  ),
  variable('time_redirect', 'of all redirects', ({ times }) => seconds(times.redirect)),
  variable('time_starttransfer', 'until the first byte of the response', ({ times }) =>
    seconds(times.starttransfer),
  ),
  variable('time_total', 'until the last byte', ({ times }) => seconds(times.total)),
  variable('url', 'as it was given', ({ options }) => options.urlText),
  variable(
    'url_effective',
    'of the last request',
    ({ last, options }) => last?.hop.url.href ?? options.url.href,
  ),
  variable('urlnum', 'always 0', () => '0'),
]);

function variable(
  name: string,
  help: string,
  print: (facts: Facts) => string,
): [name: string, variable: Variable] {
  return [name, { help, print }];
}

function seconds(value: number): string {
  return value.toFixed(6);
}

/** Bytes of the heads of all responses. The answer of a proxy to CONNECT counts. */
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

/** The target of a redirect that was not followed. */
function redirectUrl({ last, options }: Facts): string {
  const target = last?.answer === undefined || options.location ? undefined : redirectTarget(last.answer);
  return last === undefined || target === undefined || !URL.canParse(target, last.hop.url.href)
    ? ''
    : new URL(target, last.hop.url).href;
}

/** OpenSSL's numbers for a certificate that is accepted although it is not valid. */
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

/** The address of the peer. A unix socket has none. */
function remoteIp(ends: ConnEnds | undefined): string {
  return (ends?.network === 'tcp' && ends.peerAddress) || '';
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
  for (const [name, { print }] of VARIABLES) {
    if (name !== 'json' && name !== 'header_json') {
      const text = print(facts);
      values[name] = text === '' ? null : NUMBER.test(text) && name !== 'http_version' ? Number(text) : text;
    }
  }
  return safeJson(values);
}
