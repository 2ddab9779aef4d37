import type { EventEmitter } from 'node:events';
import type { Emit, EmitArgs } from '../../patch/emit-patch.js';
import { whenUncaught } from '../../patch/thrown-error.js';
import type { ServerTrace } from './trace.js';

/** Emits an event of a server in the context of a request. What a listener throws goes on, and ends the trace. */
export function runListeners(trace: ServerTrace, emit: Emit, server: EventEmitter, args: EmitArgs): boolean {
  let returned = false;
  try {
    const hadListeners = trace.run(emit as (...args: unknown[]) => boolean, server, args);
    returned = true;
    return hadListeners;
  } finally {
    if (!returned) {
      whenUncaught((error) => trace.threw(error));
    }
  }
}
