import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import { NamedLayer } from '../../patch/method-layer.js';
import { patchMethod } from '../../patch/method-patch.js';
import type { Stop } from '../request-trace.js';
import { traceOf } from './traced.js';

export const flushHeaders = new NamedLayer<ServerResponse | Http2ServerResponse>(
  'flushHeaders',
  (next, response, args) => {
    const result = Reflect.apply(next, response, args);
    traceOf(response)?.flushed();
    return result;
  },
);

/** Calls of these send an informational response; which one their arguments say. */
const INFORMATIONAL = new Map<string, (args: unknown[]) => number | undefined>([
  ['writeContinue', () => 100],
  ['writeProcessing', () => 102],
  [
    'writeEarlyHints',
    ([hints]) => {
      // Without a link Node sends nothing.
      const link: unknown =
        typeof hints === 'object' && hints !== null ? Reflect.get(hints, 'link') : undefined;
      return (Array.isArray(link) ? link.length > 0 : link) ? 103 : undefined;
    },
  ],
]);

/**
 * Tells each informational response that a traced HTTP/1.1 response sends ahead. They are rare: these methods are
 * replaced for all responses at once, and not for each one that might call them.
 */
export function watchInformational(prototype: ServerResponse): Stop[] {
  if ('writeInformation' in prototype) {
    // The other three call it.
    return [watchMethod(prototype, 'writeInformation', ([statusCode]) => Number(statusCode))];
  }
  return [...INFORMATIONAL].map(([name, statusOf]) => watchMethod(prototype, name, statusOf));
}

function watchMethod(
  prototype: ServerResponse,
  name: string,
  statusOf: (args: unknown[]) => number | undefined,
): Stop {
  return patchMethod(prototype, name, (next, response, args) => {
    const result = Reflect.apply(next, response, args);
    const trace = traceOf(response as ServerResponse);
    const statusCode = trace?.steps.informational === true ? statusOf(args) : undefined;
    if (statusCode !== undefined) {
      trace?.wroteInformational(statusCode);
    }
    return result;
  });
}
