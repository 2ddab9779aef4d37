/**
 * The header fields of a request as it is written, each name once, in their order.
 *
 * @param head Lines: a request line and its fields, or HTTP/2's fields alone.
 */
export function headerFields(head: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const line of head.split('\r\n')) {
    // The name of an HTTP/2 pseudo-header begins with a colon.
    const colon = line.indexOf(':', 1);
    const name = line.slice(0, colon).toLowerCase();
    if (colon > 0 && !name.includes(' ')) {
      addField(fields, name, line.slice(colon + 1).trim());
    }
  }
  return fields;
}

/** Adds one line of a field to those that are there. */
export function addField(fields: Map<string, string[]>, name: string, value: string): void {
  const values = fields.get(name);
  if (values === undefined) {
    fields.set(name, [value]);
  } else {
    values.push(value);
  }
}
