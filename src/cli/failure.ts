import { errorMessage, errorType } from '../emit/http/error.js';
import { formatMessage } from '../waterfall/format.js';
import { hostnameOf, portOf } from './exchange.js';
import { CliError, EXIT } from './exit-code.js';
import type { RequestRecorder } from './recorder.js';

/** What a failed request means to who typed it: what happened, where, and what to do. */
export function explain(error: unknown, recorder: RequestRecorder): CliError {
  if (error instanceof CliError) {
    return error;
  }
  const type = errorType(error);
  const message = formatMessage(errorMessage(error) ?? type);
  const phase = recorder.failedPhase;
  if (type === 'TimeoutError') {
    const where = phase === undefined ? '' : `, in ${phase}`;
    return new CliError(EXIT.timedOut, `${message}${where}; raise --max-time`);
  }
  const { url } = recorder.hop;
  const address = `${url.hostname}:${portOf(url)}`;
  switch (phase) {
    case 'dns':
      return unresolved(hostnameOf(url), type);
    case 'connect':
      return new CliError(
        EXIT.notConnected,
        `cannot connect to ${address} (${type}); ${connectAdvice(type)}`,
      );
    case 'tls':
      return handshakeFailed(address, type, message);
    default:
      return broken(address, type, message, phase);
  }
}

function unresolved(hostname: string, type: string): CliError {
  const advice = type === 'ENOTFOUND' ? 'check its spelling' : 'the resolver did not answer, try again';
  return new CliError(EXIT.unresolvedHost, `cannot resolve ${hostname} (${type}); ${advice}`);
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

/** Errors of a certificate, as opposed to those of the protocol. */
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

function broken(address: string, type: string, message: string, phase: string | undefined): CliError {
  const where = phase === undefined ? '' : ` in ${phase}`;
  const code = phase === undefined ? EXIT.unexpected : EXIT.connectionBroken;
  return new CliError(code, `the exchange with ${address} failed${where} (${type}): ${message}`);
}
