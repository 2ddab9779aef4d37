import { constants } from 'node:os';
import { ERROR_TYPE_VALUE_OTHER } from '../../semconv/semconv.js';

/** What is known of how a request ended that was not answered completely. */
export interface Failure {
  /** What the client or the program reported. Usually an `Error`, but the reason of an abort may be anything. */
  readonly error: unknown;
  /** Whether the head of the final response had arrived. */
  readonly gotResponse: boolean;
  /** Whether the request's own `timeout` event came first. The program may wait on, so this alone decides nothing. */
  readonly timedOut?: boolean;
  /** Whether only the transport could still fail. Any other error then is the caller's will. */
  readonly onlyTransportLeft?: boolean;
  /** Whether `error` is why the client got no connection. Then it is no cancellation, whatever its name. */
  readonly failedToConnect?: boolean;
  /** Whether the program destroyed the request without giving an error. */
  readonly destroyedByCaller?: boolean;
  /** The reason of the request's abort signal; `undefined` if it was not aborted, or cannot be seen. */
  readonly signalReason?: unknown;
}

/** A cancellation is what the caller wanted, and no error. A timeout is an error. */
type FailureKind = 'timeout' | 'cancellation' | 'error';

const TIMEOUT_ERROR = 'TimeoutError';

/**
 * Why a request ended early. Never throws, even if reading the error does.
 *
 * @internal Exported for its tests.
 */
export function failureKind(failure: Failure): FailureKind {
  const { error } = failure;
  if (isTimeout(error) || (failure.timedOut === true && failure.destroyedByCaller === true)) {
    return 'timeout';
  }
  if (failure.failedToConnect === true) {
    return 'error';
  }
  if (isAbort(error) || failure.destroyedByCaller === true) {
    return 'cancellation';
  }
  if (failure.signalReason !== undefined && error === failure.signalReason) {
    return 'cancellation';
  }
  // Once the response is there, a program may give up its body for any reason of its own.
  const onlyTransportLeft = failure.gotResponse || failure.onlyTransportLeft === true;
  return onlyTransportLeft && !isTransportError(error) ? 'cancellation' : 'error';
}

/** `error.type` of a request that ended early; `undefined` if it was cancelled. */
export function failureErrorType(failure: Failure): string | undefined {
  switch (failureKind(failure)) {
    case 'timeout':
      return TIMEOUT_ERROR;
    case 'cancellation':
      return undefined;
    case 'error':
      return errorType(failure.error);
  }
}

/**
 * `error.type` of an error. The first of these counts: `TimeoutError`, the error's code, the code of its cause, the code of
 * the first of its `errors`, its name, `_OTHER`. Texts that do not look like an identifier are skipped, to keep the values
 * few.
 *
 * Never throws, even if reading the error does.
 */
export function errorType(error: unknown): string {
  if (isTimeout(error)) {
    return TIMEOUT_ERROR;
  }
  return (
    identifier(property(error, 'code')) ??
    identifier(property(property(error, 'cause'), 'code')) ??
    identifier(property(property(property(error, 'errors'), 0), 'code')) ??
    identifier(property(error, 'name')) ??
    ERROR_TYPE_VALUE_OTHER
  );
}

/** The `cause` of an error; `undefined` if it has none. Never throws. */
export function causeOf(error: unknown): unknown {
  return property(error, 'cause');
}

/** The message of an error, for a span's status. `undefined` if it has none. Never throws. */
export function errorMessage(error: unknown): string | undefined {
  const message = typeof error === 'string' ? error : property(error, 'message');
  return typeof message === 'string' && message !== '' ? message : undefined;
}

function isTimeout(error: unknown): boolean {
  // node:http wraps the reason of a timeout signal in an AbortError.
  return (
    property(error, 'name') === TIMEOUT_ERROR || property(property(error, 'cause'), 'name') === TIMEOUT_ERROR
  );
}

function isAbort(error: unknown): boolean {
  if (property(error, 'name') === 'AbortError') {
    return true;
  }
  const code = property(error, 'code');
  // axios and got destroy a request with an error of their own, whose code is ERR_CANCELED.
  return code === 'ABORT_ERR' || code === 'UND_ERR_ABORTED' || code === 'ERR_CANCELED';
}

const TRANSPORT_CODE = new RegExp(
  [
    '^UND_ERR',
    '^HPE_',
    '^EAI_',
    // Node's own codes. Other libraries begin theirs with ERR_ too.
    '^ERR_(?:HTTP2?|INTERNAL|INVALID|METHOD|OSSL|PROXY|SOCKET|SSL|STREAM|TLS|USE_AFTER|ZLIB|BUFFER|BROTLI)_',
    // Decompression: zlib, Brotli, Zstandard.
    '^Z_',
    '^ERR__ERROR_',
    '^ZSTD_error_',
    // Certificates.
    '^(?:CERT|CRL|DEPTH_ZERO|ERROR_IN|SELF_SIGNED|UNABLE_TO)_',
    '^(?:HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED)$',
  ].join('|'),
);

/** Whether an error comes from Node, TLS, the parser or undici, and not from the program. */
function isTransportError(error: unknown): boolean {
  const code = identifier(property(error, 'code')) ?? identifier(property(property(error, 'cause'), 'code'));
  if (code !== undefined) {
    return Object.hasOwn(constants.errno, code) || TRANSPORT_CODE.test(code);
  }
  // Some errors of undici's parser have no code.
  return property(error, 'name') === 'HTTPParserError';
}

const IDENTIFIER = /^\w[\w.-]{0,63}$/;

function identifier(value: unknown): string | undefined {
  return typeof value === 'string' && IDENTIFIER.test(value) ? value : undefined;
}

/** Reads a property; `undefined` if a getter or a proxy throws. */
function property(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null) {
    return undefined;
  }
  try {
    return Reflect.get(value, key);
  } catch {
    return undefined;
  }
}
