import { describe, expect, it } from 'vitest';
import {
  errorMessage,
  errorType,
  type Failure,
  failureErrorType,
  failureKind,
} from '../../../src/emit/http/error.js';
import { forSeeds } from './random.js';

const named = (name: string, fields: object = {}): Error =>
  Object.assign(new Error('m'), { name, ...fields });
const coded = (code: unknown, fields: object = {}): Error =>
  Object.assign(new Error('m'), { code, ...fields });
const BEFORE = { gotResponse: false };
const AFTER = { gotResponse: true };

/** Nothing can be asked of these without care. */
const HOSTILE: [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a string', 'ECONNRESET'],
  ['an empty string', ''],
  ['a number', 23],
  ['a symbol', Symbol('AbortError')],
  ['a function', () => 'AbortError'],
  ['an empty object', {}],
  ['an object without prototype', Object.create(null)],
  [
    'getters that throw',
    Object.defineProperties(
      {},
      Object.fromEntries(
        ['name', 'code', 'cause', 'errors', 'message'].map((key) => [
          key,
          {
            get() {
              throw new Error('getter');
            },
          },
        ]),
      ),
    ),
  ],
  [
    'a proxy that throws',
    new Proxy(
      {},
      {
        get() {
          throw new Error('trap');
        },
      },
    ),
  ],
  ['a proxy that gives itself', new Proxy({}, { get: (_target, _key, receiver) => receiver })],
  ['a revoked proxy', revoked()],
  ['fields of other types', { name: 1, code: {}, cause: 'c', errors: 'e', message: 2 }],
  ['empty fields', { name: '', code: '', cause: { code: '' }, errors: [], message: '' }],
];

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe('errorType', () => {
  it.each([
    ['a code', coded('ECONNREFUSED'), 'ECONNREFUSED'],
    ['a code before a name', named('SocketError', { code: 'UND_ERR_SOCKET' }), 'UND_ERR_SOCKET'],
    ['the code of the cause', new TypeError('fetch failed', { cause: coded('ENOTFOUND') }), 'ENOTFOUND'],
    [
      'the code of the first error gathered',
      new AggregateError([coded('ECONNREFUSED'), coded('E2')]),
      'ECONNREFUSED',
    ],
    ['a code before that of the cause', coded('E1', { cause: coded('E2') }), 'E1'],
    [
      'the cause before errors gathered',
      Object.assign(new AggregateError([coded('E1')]), { cause: coded('E2') }),
      'E2',
    ],
    ['a name', new RangeError('m'), 'RangeError'],
    ['TimeoutError, whose code is a number', new DOMException('m', 'TimeoutError'), 'TimeoutError'],
    ['TimeoutError before a code', named('TimeoutError', { code: 'ETIMEDOUT' }), 'TimeoutError'],
    [
      'TimeoutError of a cause',
      named('AbortError', { code: 'ABORT_ERR', cause: named('TimeoutError') }),
      'TimeoutError',
    ],
    ['the name where the code is a number', new DOMException('m', 'NetworkError'), 'NetworkError'],
    ['the name where the code is a sentence', coded('Request 17 failed'), 'Error'],
    ['the name where the code is long', coded('E'.repeat(65)), 'Error'],
    ['_OTHER where the name is a sentence', named('Request 17 failed'), '_OTHER'],
  ])('is %s', (_, error, type) => {
    expect(errorType(error)).toBe(type);
  });

  it.each(HOSTILE)('is _OTHER for %s', (_, error) => {
    expect(errorType(error)).toBe('_OTHER');
  });
});

describe('errorMessage', () => {
  it.each([
    [new Error('other side closed'), 'other side closed'],
    ['stop', 'stop'],
    [new AggregateError([]), undefined],
  ])('of %s is %s', (error, message) => {
    expect(errorMessage(error)).toBe(message);
  });

  it.each(HOSTILE.filter(([, error]) => typeof error !== 'string'))('is absent for %s', (_, error) => {
    expect(errorMessage(error)).toBeUndefined();
  });
});

describe('failureKind', () => {
  const mine = new Error('mine');

  it.each<[string, Failure]>([
    ['an error by that name', { error: new DOMException('m', 'TimeoutError'), ...BEFORE }],
    ['a cause by that name', { error: named('AbortError', { cause: named('TimeoutError') }), ...BEFORE }],
    [
      'a destroyed request after a timeout event',
      { error: undefined, ...BEFORE, timedOut: true, destroyedByCaller: true },
    ],
    [
      'a timeout that is the reason of the signal',
      { error: named('TimeoutError'), ...AFTER, signalReason: mine },
    ],
  ])('is a timeout: %s', (_, failure) => {
    expect([failureKind(failure), failureErrorType(failure)]).toEqual(['timeout', 'TimeoutError']);
  });

  it.each<[string, Failure]>([
    ['AbortError', { error: new DOMException('m', 'AbortError'), ...BEFORE }],
    ['ABORT_ERR', { error: coded('ABORT_ERR'), ...BEFORE }],
    ['UND_ERR_ABORTED', { error: coded('UND_ERR_ABORTED'), ...BEFORE }],
    ['ERR_CANCELED', { error: coded('ERR_CANCELED'), ...BEFORE }],
    ['the reason of the signal', { error: mine, ...BEFORE, signalReason: mine }],
    ['a reason that is no Error', { error: 'stop', ...BEFORE, signalReason: 'stop' }],
    ['a reason that is null', { error: null, ...BEFORE, signalReason: null }],
    [
      'a request destroyed without an error',
      { error: coded('ECONNRESET'), ...BEFORE, destroyedByCaller: true },
    ],
    ['an error of the program, after the head', { error: mine, ...AFTER }],
    ['an error of the program with a code, after the head', { error: coded('E_MY_LIMIT'), ...AFTER }],
    ['an error of another library, after the head', { error: coded('ERR_BAD_RESPONSE'), ...AFTER }],
    ['a reason that is no Error, after the head', { error: 'enough', ...AFTER }],
    ['no error at all, after the head', { error: undefined, ...AFTER }],
  ])('is a cancellation: %s', (_, failure) => {
    expect([failureKind(failure), failureErrorType(failure)]).toEqual(['cancellation', undefined]);
  });

  it.each<[string, Failure, string]>([
    ['an error of the program, before the head', { error: mine, ...BEFORE }, 'Error'],
    [
      'another error than the reason of the signal',
      { error: mine, ...BEFORE, signalReason: named('E') },
      'Error',
    ],
    ['no error at all, before the head', { error: undefined, ...BEFORE }, '_OTHER'],
    [
      'a cause that was aborted',
      { error: new TypeError('m', { cause: coded('ABORT_ERR') }), ...BEFORE },
      'ABORT_ERR',
    ],
    [
      'a dial that was refused, whatever its error is called',
      { error: coded('UND_ERR_ABORTED'), ...BEFORE, failedToConnect: true },
      'UND_ERR_ABORTED',
    ],
    [
      'what came after a timeout event',
      { error: coded('ECONNRESET'), ...BEFORE, timedOut: true },
      'ECONNRESET',
    ],
  ])('is an error: %s', (_, failure, type) => {
    expect([failureKind(failure), failureErrorType(failure)]).toEqual(['error', type]);
  });

  it.each([
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'UND_ERR_SOCKET',
    'UND_ERR_BODY_TIMEOUT',
    'UND_ERR_INFO',
    'HPE_INVALID_CHUNK_SIZE',
    'ERR_STREAM_PREMATURE_CLOSE',
    'ERR_HTTP2_STREAM_ERROR',
    'ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC',
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'Z_DATA_ERROR',
    'ERR__ERROR_FORMAT_PADDING_1',
  ])('is an error after the head, too: %s', (code) => {
    expect(failureErrorType({ error: coded(code), gotResponse: true })).toBe(code);
    expect(
      failureErrorType({ error: new TypeError('terminated', { cause: coded(code) }), gotResponse: true }),
    ).toBe(code);
  });

  it('is an error after the head when the parser has no code for it', () => {
    expect(failureErrorType({ error: named('HTTPParserError'), gotResponse: true })).toBe('HTTPParserError');
  });

  it.each(HOSTILE)('does not throw for %s', (_, error) => {
    expect(failureKind({ error, gotResponse: false })).toBe('error');
    expect(failureKind({ error, gotResponse: true })).toBe('cancellation');
  });

  it('gives an identifier or nothing, whatever the fields are', () => {
    const values = [
      'E1',
      'a b',
      '',
      7,
      null,
      undefined,
      'TimeoutError',
      'AbortError',
      {},
      ['E2'],
      Symbol('s'),
    ] as const;
    forSeeds(5000, (random, seed) => {
      const leaf = { code: random.pick(values), name: random.pick(values) };
      const error = { code: random.pick(values), name: random.pick(values), cause: leaf, errors: [leaf] };
      expect(
        failureErrorType({ error, gotResponse: random.below(2) === 0 }) ?? 'none',
        `seed ${seed}`,
      ).toMatch(/^\w[\w.-]{0,63}$/);
    });
  });
});
