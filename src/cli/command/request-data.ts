import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { CliError, EXIT } from '../exit-code.js';

const STDIN = '-';

/** One value of -d, --data-binary or --data-raw. */
export interface DataPart {
  kind: 'form' | 'binary' | 'raw';
  value: string;
}

/**
 * The body of these values, made as by curl. They are joined with `&`, and files of -d lose their line breaks.
 *
 * @returns `undefined` if there are none.
 * @throws CliError if a file cannot be read.
 */
export async function readData(data: readonly DataPart[]): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  for (const part of data) {
    if (parts.length > 0) {
      parts.push(Buffer.from('&'));
    }
    parts.push(await contentOf(part));
  }
  return data.length === 0 ? undefined : Buffer.concat(parts);
}

async function contentOf({ kind, value }: DataPart): Promise<Buffer> {
  if (kind === 'raw' || !value.startsWith('@')) {
    return Buffer.from(value);
  }
  const content = await readInput(value.slice(1), kind === 'form' ? '-d' : '--data-binary');
  return kind === 'form' ? withoutLineBreaks(content) : content;
}

const LINE_BREAKS: ReadonlySet<number> = new Set(Buffer.from('\r\n\0'));

function withoutLineBreaks(content: Buffer): Buffer {
  return Buffer.from(content.filter((byte) => !LINE_BREAKS.has(byte)));
}

/**
 * The content of the `@FILE` of an option; stdin for `@-`.
 *
 * @throws CliError if the file cannot be read.
 */
export async function readInput(path: string, option: string): Promise<Buffer> {
  try {
    return path === STDIN ? await buffer(process.stdin) : await readFile(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.dataNotRead, `cannot read the data of ${option} @${path}: ${why}`);
  }
}
