import { errorMessage, errorType } from '../emit/http/error.js';
import { formatMessage } from '../waterfall/format.js';
import { CliError, EXIT, type ExitCode } from './exit-code.js';
import { TunnelRefused } from './send/dialer.js';
import { hostnameOf, portOf } from './send/hop.js';

/** Where a request failed. */
export interface FailedRequest {
  url: URL;
  /** The phase in which it failed; `undefined` if unknown. */
  phase: string | undefined;
  /** Whether a part of the answer had come. */
  answered: boolean;
  /** The proxy of the request; `undefined` if there was none. */
  proxy: URL | undefined;
  unixSocket: string | undefined;
}

/** Explains a failed request to the user: what happened, where, and what to do. */
export function explain(error: unknown, request: FailedRequest): CliError {
  if (error instanceof CliError) {
    return error;
  }
  const type = errorType(error);
  const message = formatMessage(errorMessage(error) ?? type);
  const { url, phase, proxy, unixSocket } = request;
  if (type === 'TimeoutError') {
    const where = phase === undefined ? '' : `, in ${phase}`;
    const option = message.startsWith('no connection') ? '--connect-timeout' : '--max-time';
    return new CliError(EXIT.timedOut, `${message}${where}; raise ${option}`);
  }
  if (error instanceof TunnelRefused) {
    return new CliError(EXIT.connectionBroken, `${message} for ${url.hostname}:${portOf(url)}`);
  }
  const dialled = proxy ?? url;
  switch (phase) {
    case 'dns':
      return unresolved(dialled, proxy !== undefined, type);
    case 'connect':
      return notConnected(unixSocket ?? addressOf(dialled), type);
    case 'tls':
      return handshakeFailed(addressOf(url), type, message);
    default:
      return broken(request, type, message);
  }
}

function addressOf(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}

function unresolved(url: URL, isProxy: boolean, type: string): CliError {
  const advice = type === 'ENOTFOUND' ? 'check its spelling' : 'the resolver did not answer, try again';
  const [code, what] = isProxy ? [EXIT.unresolvedProxy, 'the proxy '] : [EXIT.unresolvedHost, ''];
  return new CliError(code, `cannot resolve ${what}${hostnameOf(url)} (${type}); ${advice}`);
}

function notConnected(address: string, type: string): CliError {
  return new CliError(EXIT.notConnected, `cannot connect to ${address} (${type}); ${connectAdvice(type)}`);
}

function connectAdvice(type: string): string {
  switch (type) {
    case 'ECONNREFUSED':
      return 'nothing listens on that port';
    case 'ETIMEDOUT':
      return 'it does not answer, perhaps a firewall';
    default:
      return 'check the address and the network';
  }
}

/** Errors of a certificate, and not of the protocol. */
const CERTIFICATE =
  /CERT|SELF_SIGNED|ISSUER|UNABLE_TO_VERIFY|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH/;

function handshakeFailed(address: string, type: string, message: string): CliError {
  if (CERTIFICATE.test(type) && !type.startsWith('ERR_SSL')) {
    return new CliError(
      EXIT.certificateRejected,
      `the certificate of ${address} is not accepted (${type}): ${message}; -k accepts it`,
    );
  }
  const advice = /wrong.version|packet.length/i.test(`${type} ${message}`) ? '; is it an http:// URL?' : '';
  return new CliError(EXIT.handshakeFailed, `TLS with ${address} failed (${type}): ${message}${advice}`);
}

function broken({ url, phase, answered }: FailedRequest, type: string, message: string): CliError {
  const where = phase === undefined ? '' : ` in ${phase}`;
  const code = brokenCode(type, message, phase, answered);
  return new CliError(code, `the exchange with ${addressOf(url)} failed${where} (${type}): ${message}`);
}

/** The answer is no HTTP/1 from its first line on. */
const NO_STATUS_LINE: ReadonlySet<string> = new Set([
  'HPE_INVALID_CONSTANT',
  'HPE_INVALID_STATUS',
  'HPE_INVALID_VERSION',
]);

function brokenCode(type: string, message: string, phase: string | undefined, answered: boolean): ExitCode {
  if (NO_STATUS_LINE.has(type)) {
    return EXIT.unexpected;
  }
  if (type.startsWith('HPE_')) {
    return EXIT.badHead;
  }
  if (type.startsWith('ERR_HTTP2_')) {
    return type.startsWith('ERR_HTTP2_STREAM_') ? EXIT.streamReset : EXIT.http2Broken;
  }
  if (phase === 'send') {
    return EXIT.sendFailed;
  }
  // Node has the same code for a peer that closes and for one that resets. Only the words differ.
  if (phase === 'wait' && message === 'socket hang up') {
    return EXIT.emptyReply;
  }
  if (answered && message === 'aborted') {
    return EXIT.bodyCut;
  }
  // Before a request has its connection, only the system and the proxy can break it.
  const isOurs = phase === undefined || (phase === 'getconn' && !/^E[A-Z]/.test(type));
  return isOurs ? EXIT.unexpected : EXIT.connectionBroken;
}
