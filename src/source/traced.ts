import { hiddenField } from './hidden-field.js';
import type { ServerTrace } from './server-trace.js';

/** `undefined` for a request that was seen and is not traced. */
const traces = hiddenField<ServerTrace | undefined>();

/** Says to whom a request, a response or a stream belongs. The first one to say it is right. */
export function setTrace(object: object, trace: ServerTrace | undefined): void {
  if (!traces.has(object)) {
    traces.set(object, trace);
  }
}

export function traceOf(object: object): ServerTrace | undefined {
  return traces.get(object);
}

/** Whether it was seen before: programs hand requests from one event, or one server, to another. */
export function wasSeen(object: object): boolean {
  return traces.has(object);
}
