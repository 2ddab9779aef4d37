import { createReadStream } from 'node:fs';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

type Chunk = string | Uint8Array;

/** What the responses of HTTP/1 and of HTTP/2's compatibility API have in common, as far as it is used here. */
interface AnswerResponse {
  setHeader(name: string, value: string | number): unknown;
  writeHead(code: number): unknown;
  /** Missing in Node's types of HTTP/2. */
  flushHeaders?(): void;
  write(chunk: Chunk): boolean;
  write(chunk: Chunk, encoding: BufferEncoding): boolean;
  end(callback?: () => void): unknown;
  end(chunk: Chunk): unknown;
  end(chunk: Chunk, encoding: BufferEncoding): unknown;
  addTrailers(trailers: Record<string, string>): void;
  cork(): void;
  uncork(): void;
}

/** A way to answer, and how long the body is then. */
export interface Answer<R = AnswerResponse & Writable> {
  readonly name: string;
  readonly bytes: number;
  answer(res: R): unknown;
}

function answer(name: string, bytes: number, run: Answer['answer']): Answer {
  return { name, bytes, answer: run };
}

const inOnePiece: readonly Answer[] = [
  answer('nothing', 0, (res) => res.end()),
  answer('an empty string', 0, (res) => res.end('')),
  answer('a callback alone', 0, (res) => res.end(() => undefined)),
  answer('a string', 5, (res) => res.end('hello')),
  answer('characters of two and three bytes', 9, (res) => res.end('grüß€')),
  answer('half of a surrogate pair', 3, (res) => res.end('\ud83d')),
  answer('a Buffer', 4, (res) => res.end(Buffer.from([1, 2, 3, 4]))),
  answer('a Uint8Array', 3, (res) => res.end(new Uint8Array([1, 2, 3]))),
  answer('a part of a larger buffer', 2, (res) => res.end(new Uint8Array(100).subarray(10, 12))),
  answer('after writeHead', 5, (res) => {
    res.writeHead(201);
    res.end('hello');
  }),
  answer('after flushHeaders', 5, (res) => {
    res.flushHeaders?.();
    res.end('hello');
  }),
];

const ENCODED: readonly (readonly [encoding: string, text: string, bytes: number])[] = [
  ['utf8', 'é€', 5],
  ['UTF-8', 'é€', 5],
  ['utf16le', 'é€', 4],
  ['ucs2', 'é€', 4],
  ['latin1', 'éa', 2],
  ['binary', 'éa', 2],
  ['ascii', 'ab', 2],
  ['base64', 'aGVsbG8=', 5],
  ['base64url', 'aGVsbG8', 5],
  ['hex', '68656c6c6f', 5],
];

const inEachEncoding: readonly Answer[] = ENCODED.flatMap(([name, text, bytes]) => {
  const encoding = name as BufferEncoding;
  return [
    answer(`end in ${name}`, bytes, (res) => res.end(text, encoding)),
    answer(`write in ${name}`, 2 * bytes, (res) => {
      res.write(text, encoding);
      res.end(text, encoding);
    }),
  ];
});

const inManyPieces: readonly Answer[] = [
  answer('write, then end', 10, (res) => {
    res.write('hello');
    res.end('world');
  }),
  answer('an empty piece', 5, (res) => {
    res.write('');
    res.end('hello');
  }),
  answer('with a length', 10, (res) => {
    res.setHeader('Content-Length', 10);
    res.write('hello');
    res.end('world');
  }),
  answer('text that looks like chunks', 13, (res) => {
    res.write('5\r\nhello\r\n');
    res.end('0\r\n');
  }),
  answer('with trailers', 5, (res) => {
    res.write('hello');
    res.addTrailers({ 'X-Sum': '10' });
    res.end();
  }),
  answer('later', 6, (res) => {
    setImmediate(() => {
      res.write('one');
      setImmediate(() => res.end('two'));
    });
  }),
];

const corked: readonly Answer[] = [
  answer('corked', 8, (res) => {
    res.cork();
    res.write('a');
    res.write('éé');
    res.uncork();
    res.end('end');
  }),
  answer('bytes and base64, corked after the first piece', 11, (res) => {
    res.write('a');
    res.cork();
    res.write(new Uint8Array(5));
    res.write('aGVsbG8=', 'base64');
    res.uncork();
    res.end();
  }),
  answer('uncorked later', 3, (res) => {
    res.flushHeaders?.();
    res.cork();
    res.write('ab');
    process.nextTick(() => {
      res.uncork();
      res.end('c');
    });
  }),
];

const piped: readonly Answer[] = [
  answer('pipe', 7, (res) => Readable.from(['grü', 'ße']).pipe(res)),
  answer('pipeline', 10, (res) => pipeline(Readable.from(['hello', 'world']), res)),
  answer('a file', 4, (res) => createReadStream(__filename, { start: 2, end: 5 }).pipe(res)),
  answer('with back-pressure', 3_000_000, (res) =>
    Readable.from(Array.from({ length: 30 }, () => Buffer.alloc(100_000))).pipe(res),
  ),
];

/** Node 22 and 24 send what is still corked at the end after the last chunk. */
export const ENDED_WHILE_CORKED: readonly Answer[] = [
  answer('corked twice', 3, (res) => {
    res.cork();
    res.cork();
    res.write('ab');
    res.uncork();
    res.end('c');
  }),
  answer('ended while corked', 6, (res) => {
    res.write('a');
    res.cork();
    res.write('bc');
    res.end('def');
  }),
];

/** All of them are legal on HTTP/1.0, HTTP/1.1 and HTTP/2, also where the response has no body. */
export const ANSWERS: readonly Answer[] = [
  ...inOnePiece,
  ...inEachEncoding,
  ...inManyPieces,
  ...corked,
  ...piped,
];
