import type { Http2ServerResponse } from 'node:http2';
import type { HttpResponse } from './hooks.js';
import { observeHttp1 } from './observe-http1.js';
import { observeHttp2 } from './observe-http2.js';
import type { ResponseObserver } from './response-observer.js';

/**
 * Observes a response from now until it closes. What happened before is told as far as it can still be seen:
 * a head that was already written, at once.
 */
export function observe(res: HttpResponse, observer: ResponseObserver): void {
  if (isHttp2(res)) {
    observeHttp2(res.stream, observer);
  } else {
    observeHttp1(res, observer);
  }
}

function isHttp2(res: HttpResponse): res is Http2ServerResponse {
  // Programs hang all sorts of things on a response of HTTP/1, a `stream` among them.
  return 'stream' in res && !('_send' in res);
}
