import type { ResolvedConfig } from './config/resolved.js';
import type { ClientOutputs } from './emit/client/settings.js';
import { ClientTelemetry } from './emit/client/telemetry.js';
import type { ServerOutputs } from './emit/server/settings.js';
import { ServerTelemetry } from './emit/server/telemetry.js';
import { registry } from './registry.js';
import { VERSION } from './version.js';

/** This copy of the package. */
const COPY = { version: VERSION };

/** The recorders of one instance under one config. All instances of a process share the sources. */
export class Recording {
  private readonly client: ClientTelemetry | undefined;
  private readonly server: ServerTelemetry | undefined;

  constructor(config: ResolvedConfig, outputs: ClientOutputs & ServerOutputs) {
    this.client = config.client.enabled ? new ClientTelemetry(config, outputs) : undefined;
    this.server = config.server.enabled ? new ServerTelemetry(config, outputs) : undefined;
  }

  /** Records from the next request on. Takes the turn of `before`, or the last turn if there is none. */
  start(before: Recording | undefined): void {
    registry().copies.add(COPY);
    Recording.replace(before, this);
  }

  /** Takes no new requests. Requests under way are finished. */
  stop(): void {
    Recording.replace(this, undefined);
  }

  private static replace(before: Recording | undefined, after: Recording | undefined): void {
    registry().replaceClients(before?.client, after?.client);
    registry().replaceServers(before?.server, after?.server);
  }
}
