import type { IncomingHttpHeaders } from 'node:http';

/** The head of the final response. */
export interface Answer {
  status: number;
  reason: string;
  headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  rawHeaders: readonly string[];
  /** Such as `HTTP/1.1`. */
  protocol: string;
}

/** The header lines, as they came. */
export function headerFields({ rawHeaders }: Pick<Answer, 'rawHeaders'>): [name: string, value: string][] {
  const fields: [string, string][] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    fields.push([rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '']);
  }
  return fields;
}

/** The head as -i prints it: status line, header lines, and the empty line after them. */
export function headText(answer: Pick<Answer, 'protocol' | 'status' | 'reason' | 'rawHeaders'>): string {
  const lines = headerFields(answer).map(([name, value]) => `${name}: ${value}`);
  return [`${answer.protocol} ${answer.status} ${answer.reason}`, ...lines, '', ''].join('\r\n');
}
