import type { Attributes, Histogram, UpDownCounter } from '@opentelemetry/api';
import type { Origin } from '../../origin.js';
import {
  ATTR_HTTP_CONNECTION_STATE,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_URL_SCHEME,
  HTTP_CONNECTION_STATE_VALUE_ACTIVE,
  HTTP_CONNECTION_STATE_VALUE_IDLE,
  METRIC_HTTP_CLIENT_CONNECTION_DURATION,
  METRIC_HTTP_CLIENT_OPEN_CONNECTIONS,
} from '../../semconv/semconv.js';
import type { Connection, ConnectionWatcher } from '../../source/connection/connection.js';
import { addServer } from '../http/attributes.js';
import type { ClientOutputs } from './settings.js';

/** What one connection is counted with. The attributes of both states are made once. */
interface Watched {
  readonly open: UpDownCounter | undefined;
  readonly duration: Histogram | undefined;
  readonly attributes: Attributes;
  readonly active: Attributes;
  readonly idle: Attributes;
}

type Outputs = Pick<ClientOutputs, 'instruments'>;

/** Counts the established connections of clients, and measures how long they live. */
export class ConnectionMetrics implements ConnectionWatcher {
  private readonly outputs: Outputs;
  private readonly optIn: ReadonlySet<string>;
  private readonly watched = new WeakMap<Connection, Watched>();

  constructor(outputs: Outputs, optIn: ReadonlySet<string>) {
    this.outputs = outputs;
    this.optIn = optIn;
  }

  established(connection: Connection, origin: Origin): void {
    const { instruments } = this.outputs;
    const attributes = this.attributesOf(connection, origin);
    const watched: Watched = {
      // Instruments may be replaced later. What was added to a counter must be taken from the same counter.
      open: instruments[METRIC_HTTP_CLIENT_OPEN_CONNECTIONS],
      duration: instruments[METRIC_HTTP_CLIENT_CONNECTION_DURATION],
      attributes,
      active: { ...attributes, [ATTR_HTTP_CONNECTION_STATE]: HTTP_CONNECTION_STATE_VALUE_ACTIVE },
      idle: { ...attributes, [ATTR_HTTP_CONNECTION_STATE]: HTTP_CONNECTION_STATE_VALUE_IDLE },
    };
    this.watched.set(connection, watched);
    watched.open?.add(1, watched.idle);
  }

  becameActive(connection: Connection): void {
    const watched = this.watched.get(connection);
    watched?.open?.add(-1, watched.idle);
    watched?.open?.add(1, watched.active);
  }

  becameIdle(connection: Connection): void {
    const watched = this.watched.get(connection);
    watched?.open?.add(-1, watched.active);
    watched?.open?.add(1, watched.idle);
  }

  miscounted(connection: Connection): void {
    const watched = this.watched.get(connection);
    watched?.open?.add(-1, watched.idle);
  }

  gone(connection: Connection, lifetimeMs: number, wasActive: boolean): void {
    const watched = this.watched.get(connection);
    watched?.open?.add(-1, wasActive ? watched.active : watched.idle);
    watched?.duration?.record(lifetimeMs / 1000, watched.attributes);
  }

  private attributesOf({ ends }: Connection, origin: Origin): Attributes {
    const attributes: Attributes = {};
    // Each port of a peer would make a series of its own, so only the address is told.
    if (this.optIn.has(ATTR_NETWORK_PEER_ADDRESS) && ends.peerAddress !== undefined) {
      attributes[ATTR_NETWORK_PEER_ADDRESS] = ends.peerAddress;
    }
    attributes[ATTR_NETWORK_PROTOCOL_VERSION] = ends.httpVersion;
    addServer(attributes, origin);
    if (this.optIn.has(ATTR_URL_SCHEME) && origin.scheme !== '') {
      attributes[ATTR_URL_SCHEME] = origin.scheme;
    }
    return attributes;
  }
}
