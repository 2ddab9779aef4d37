import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { CliError, EXIT } from './exit-code.js';

const STDIN = '-';

/**
 * The body that the values of -d make, as curl: joined with `&`, files without their line breaks.
 *
 * @returns `undefined` if there are none.
 * @throws CliError when a file cannot be read.
 */
export async function readData(data: readonly string[]): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  for (const value of data) {
    if (parts.length > 0) {
      parts.push(Buffer.from('&'));
    }
    parts.push(value.startsWith('@') ? await readStripped(value.slice(1)) : Buffer.from(value));
  }
  return data.length === 0 ? undefined : Buffer.concat(parts);
}

const STRIPPED: ReadonlySet<number> = new Set(Buffer.from('\r\n\0'));

async function readStripped(path: string): Promise<Buffer> {
  try {
    const content = path === STDIN ? await buffer(process.stdin) : await readFile(path);
    return content.filter((byte) => !STRIPPED.has(byte)) as Buffer;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.dataNotRead, `cannot read the data of -d @${path}: ${why}`);
  }
}
