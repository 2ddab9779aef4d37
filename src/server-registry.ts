import { diag } from '@opentelemetry/api';
import type { Stop } from './source/request-trace.js';
import { ServerSource } from './source/server.js';
import type { BeginServed } from './source/server-trace.js';

/** Records incoming requests. */
export interface ServerRecorder {
  readonly begin: BeginServed;
}

/**
 * Who wants to know of incoming requests, in this whole process: servers are observed once for all of them,
 * however many instances and copies of the package there are, and the first one records each request.
 */
class ServerRegistry {
  private readonly recorders: ServerRecorder[] = [];
  private readonly source = new ServerSource(
    (request, response) => this.recorders[0]?.begin(request, response),
    (message, error) => diag.error(`httptrace: ${message}`, error),
  );

  /** Records requests from the next one on, unless somebody else does already. */
  record(recorder: ServerRecorder): Stop {
    this.recorders.push(recorder);
    this.source.start();
    return () => {
      const index = this.recorders.indexOf(recorder);
      if (index !== -1) {
        this.recorders.splice(index, 1);
      }
      if (this.recorders.length === 0) {
        this.source.stop();
      }
    };
  }
}

const REGISTRY = Symbol.for('opentelemetry-instrumentation-httptrace.server-registry.1');

/** The registry of this process. The number in its key changes whenever copies could not share it any more. */
export function serverRegistry(): ServerRegistry {
  const shared: typeof globalThis & { [REGISTRY]?: ServerRegistry } = globalThis;
  shared[REGISTRY] ??= new ServerRegistry();
  return shared[REGISTRY];
}
