/** For these `Buffer.byteLength` assumes valid input, where writing skips white space and stops at bad digits. */
const DECODED_ENCODINGS: ReadonlySet<string> = new Set(['base64', 'base64url', 'hex']);

/**
 * How many bytes Node makes of a chunk.
 *
 * @param chunk What was given to `write` or `end`; something that Node would not send counts 0.
 * @param encoding What was given with it, of any type; `utf8` unless it is a string.
 * @param known The number of bytes where Node already computed it with `Buffer.byteLength`.
 */
export function byteLengthOf(chunk: unknown, encoding: unknown, known?: number): number {
  if (typeof chunk !== 'string') {
    return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0;
  }
  if (typeof encoding !== 'string') {
    return known ?? Buffer.byteLength(chunk);
  }
  const name = encoding.toLowerCase();
  if (DECODED_ENCODINGS.has(name)) {
    return Buffer.from(chunk, name as BufferEncoding).length;
  }
  return known ?? Buffer.byteLength(chunk, name as BufferEncoding);
}
