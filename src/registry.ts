import type { Context } from '@opentelemetry/api';
import { context } from './api.js';
import { reportError } from './diagnostics.js';
import { contextClientTrace, isSuppressed } from './httptrace/context.js';
import { JoinedServed } from './joined-served.js';
import { joinTraces, liveTrace } from './live-trace.js';
import type { ConnectionWatcher, WatchConnection } from './source/connection/connection.js';
import { NewSockets } from './source/connection/new-sockets.js';
import type { Http2Request } from './source/http2/request.js';
import { Http2Source } from './source/http2/source.js';
import type { NodeHttpRequest } from './source/node/request.js';
import { NodeHttpSource } from './source/node/source.js';
import type { RequestTrace, Source, Stop } from './source/request-trace.js';
import { ServerSource } from './source/server/source.js';
import type { TellHandshake } from './source/server/tls-handshakes.js';
import type { BeginServed } from './source/server/trace.js';
import { type ChannelUse, channelUses } from './source/subscribe.js';
import type { UndiciCopy } from './source/undici/copies.js';
import type { UndiciHttpRequest } from './source/undici/exchange.js';
import { UndiciSource } from './source/undici/source.js';
import type { Counters, SourceName } from './status/request-counter.js';

/** A trace that records, and the context in which its request runs from then on. */
export interface RecordedTrace extends RequestTrace {
  readonly context: Context;
}

/** The form of a request, by client. */
interface Requests {
  readonly undici: UndiciHttpRequest;
  readonly node: NodeHttpRequest;
  readonly http2: Http2Request;
}

type Client = keyof Requests;

/** For each client the function that records a request. It returns `undefined` for a request that it does not record. */
type RecordRequest = {
  [Name in Client]: (request: Requests[Name], ctx: Context, at: number) => RecordedTrace | undefined;
};

/** How `status()` names the clients. */
const SOURCES: Readonly<Record<Client, SourceName>> = {
  undici: 'undici',
  node: 'node:http',
  http2: 'node:http2',
};

export interface ClientRecorders extends Readonly<RecordRequest> {
  /** Counts connections; `undefined` if nobody wants that. */
  readonly connections?: ConnectionWatcher | undefined;
  readonly counters: Counters;
  /** Whether gRPC calls are recorded, and their connections counted. */
  readonly grpc: boolean;
}

/** Records incoming requests. */
interface ServerRecorder {
  readonly counters: Counters;
  readonly begin: BeginServed;
  /** Records a TLS handshake; `undefined` if nobody wants that. */
  readonly tellHandshake?: TellHandshake | undefined;
}

/** Looks on at all requests of a process, as `httptrace -- program` does. */
export interface Onlooker {
  readonly clients: ClientRecorders;
  readonly servers: ServerRecorder | undefined;
}

/**
 * Knows who records requests in this process. The sources listen once, however many instances and copies of the package
 * there are, and each request is recorded once.
 */
class Registry {
  private readonly recorders: ClientRecorders[] = [];
  private readonly servers: ServerRecorder[] = [];
  private readonly undici: UndiciSource;
  private readonly sources: readonly Source[];
  private readonly serverSource: Source;
  /** The copies of this package of which an instance was enabled. */
  readonly copies = new Set<{ readonly version: string }>();
  private observesForCallers = false;
  /** Told of each request, recorded or not. */
  private onlooker: Onlooker | undefined;

  constructor() {
    const report = (message: string, error: unknown) => reportError(`httptrace: ${message}`, error);
    const sockets = new NewSockets(report);
    const watch: WatchConnection = (connection, origin, hearsOfClose) => {
      const watcher = this.recorders[0]?.connections;
      // The connections of an exporter are not counted, as its requests are not.
      if (watcher !== undefined && !isSuppressed(context.active())) {
        connection.watchBy(watcher, origin, hearsOfClose);
      }
    };
    this.undici = new UndiciSource(
      (request, at, caller) => this.begin('undici', request, at, caller as Context),
      () => context.active(),
      sockets,
      watch,
      report,
    );
    this.sources = [
      new NodeHttpSource((request, at) => this.begin('node', request, at), sockets, watch, report),
      new Http2Source(
        (request, at) => this.begin('http2', request, at),
        sockets,
        (connection, origin, isGrpc) => {
          if (isGrpc && this.recorders[0]?.grpc !== true) {
            connection.unwatch();
          } else if (!connection.isWatched) {
            watch(connection, origin);
          }
        },
        report,
      ),
      this.undici,
    ];
    this.serverSource = new ServerSource(
      (request, response) => {
        if (this.servers.length > 1) {
          countOthers(this.servers, 'servers');
        }
        const served = this.servers[0]?.begin(request, response);
        const watched = this.onlooker?.servers?.begin(request, response);
        return watched === undefined ? served : new JoinedServed(served, watched);
      },
      () => this.servers[0]?.tellHandshake,
      report,
    );
  }

  /** The messages of each channel since the first source listened. */
  get channels(): ReadonlyMap<string, Readonly<ChannelUse>> {
    return channelUses();
  }

  /** The copies of undici that are loaded. Each says whether its callers are seen. */
  get undiciCopies(): readonly UndiciCopy[] {
    return this.undici.copies;
  }

  /** Runs the hooks of `withClientTrace` from now on, even if nothing is recorded. */
  observeForCallers(): void {
    if (!this.observesForCallers) {
      this.observesForCallers = true;
      this.start();
    }
  }

  /** Tells the onlooker of each request from now on, also of requests that are made with tracing suppressed. */
  lookOn(onlooker: Onlooker): void {
    this.onlooker = onlooker;
    this.start();
    if (onlooker.servers !== undefined) {
      this.serverSource.start();
    }
  }

  /** Records outgoing requests from the next one on, unless somebody else does already. */
  record(recorders: ClientRecorders): Stop {
    this.replaceClients(undefined, recorders);
    return () => this.replaceClients(recorders, undefined);
  }

  /** Lets `after` record outgoing requests in the turn of `before`. Without `before` its turn is the last one. */
  replaceClients(before: ClientRecorders | undefined, after: ClientRecorders | undefined): void {
    replace(this.recorders, before, after);
    if (this.recorders.length > 0) {
      this.start();
    } else {
      this.stopIfUnwanted();
    }
  }

  /** As `replaceClients`, for incoming requests. */
  replaceServers(before: ServerRecorder | undefined, after: ServerRecorder | undefined): void {
    replace(this.servers, before, after);
    if (this.servers.length > 0) {
      this.serverSource.start();
    } else if (this.onlooker?.servers === undefined) {
      this.serverSource.stop();
    }
  }

  private start(): void {
    for (const source of this.sources) {
      source.start();
    }
  }

  private stopIfUnwanted(): void {
    if (!this.observesForCallers && this.onlooker === undefined && this.recorders.length === 0) {
      for (const source of this.sources) {
        source.stop();
      }
    }
  }

  private begin<Name extends Client>(
    client: Name,
    request: Requests[Name],
    at: number,
    ctx: Context = context.active(),
  ): RequestTrace | undefined {
    const recorders = this.recorders[0];
    let trace: RequestTrace | undefined;
    if (!isSuppressed(ctx)) {
      if (this.recorders.length > 1) {
        countOthers(this.recorders, SOURCES[client]);
      }
      const recording: RecordRequest | undefined = recorders;
      const recorded = recording?.[client](request, ctx, at);
      const callers = contextClientTrace(ctx);
      trace =
        callers === undefined ? recorded : joined(recorded, liveTrace(callers, recorded?.context ?? ctx));
    } else if (recorders !== undefined) {
      recorders.counters[SOURCES[client]].suppressed++;
    }
    const { onlooker } = this;
    const looking: RecordRequest | undefined = onlooker?.clients;
    return looking === undefined ? trace : joined(trace, looking[client](request, ctx, at));
  }
}

/** The trace that there is, or one trace that tells both. */
function joined(first: RequestTrace | undefined, second: RequestTrace | undefined): RequestTrace | undefined {
  return first === undefined || second === undefined ? (first ?? second) : joinTraces(first, second);
}

/** Counts a request for the recorders that do not record it: only the first does. */
function countOthers(recorders: readonly (ClientRecorders | ServerRecorder)[], source: SourceName): void {
  for (let index = 1; index < recorders.length; index++) {
    const others = recorders[index];
    if (others !== undefined) {
      others.counters[source].byAnotherInstance++;
    }
  }
}

function replace<Entry>(entries: Entry[], before: Entry | undefined, after: Entry | undefined): void {
  const index = before === undefined ? -1 : entries.indexOf(before);
  const added = after === undefined ? [] : [after];
  entries.splice(index === -1 ? entries.length : index, 1, ...added);
}

const REGISTRY = Symbol.for('opentelemetry-instrumentation-httptrace.registry.1');

/** The registry of this process. The number in its key changes whenever copies could not share it any more. */
export function registry(): Registry {
  const shared: typeof globalThis & { [REGISTRY]?: Registry } = globalThis;
  shared[REGISTRY] ??= new Registry();
  return shared[REGISTRY];
}
