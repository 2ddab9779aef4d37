import type { Socket } from 'node:net';
import type { Attributes, Context, Span, SpanContext, Tracer } from '@opentelemetry/api';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '../../api.js';
import { plainAddress } from '../../authority.js';
import { toHrTime } from '../../clock.js';
import type { Origin } from '../../origin.js';
import type { ClientFact, FinishedDial, NotedHooks } from '../../recorder/client-facts.js';
import {
  ATTR_ERROR_TYPE,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_TRANSPORT,
  ATTR_SERVER_ADDRESS,
  ATTR_URL_SCHEME,
  NETWORK_TRANSPORT_VALUE_TCP,
  SPAN_CONNECTION_SETUP,
  SPAN_DNS_LOOKUP,
  SPAN_SOCKET_CONNECT,
  SPAN_TLS_CLIENT_HANDSHAKE,
} from '../../semconv/semconv.js';
import { addDialledAddress, addTLSProtocol } from '../http/attributes.js';
import { causeOf, errorMessage, errorType } from '../http/error.js';
import { dnsAttributes, serverAttributes, sniAttributes } from './events.js';

// Each request on a connection finds its set-up by the socket, and each request that failed with it by the error.
const setupOfSocket = new WeakMap<Socket, SpanContext>();
const setupOfError = new WeakMap<object, SpanContext>();

/** The span of a connection's set-up; `undefined` if none was made. */
export function connectionSetup(socket: Socket): SpanContext | undefined {
  return setupOfSocket.get(socket);
}

/** The span of the set-up that failed with this error or with its cause; `undefined` if there is none. */
export function failedSetup(error: unknown): SpanContext | undefined {
  return setupOf(error) ?? setupOf(causeOf(error));
}

function setupOf(error: unknown): SpanContext | undefined {
  return typeof error === 'object' && error !== null ? setupOfError.get(error) : undefined;
}

/** What the spans of a dial need beyond its facts. */
export interface SetupSpans {
  readonly tracer: Tracer;
  /** See `epochAt`. */
  readonly epoch: number;
  readonly server: Origin;
  readonly hooks: NotedHooks;
  /** The set-up before this one for the same request. It set up the tunnel if this one did not dial. */
  readonly before: SpanContext | undefined;
}

/**
 * Makes the spans of a dial that is over. They are a trace of their own, because the connection outlives the request that
 * it was dialled for. The shapes are those of .NET: docs/dotnet/dotnet-network-traces.md of the semantic conventions. The
 * set-up of a connection through a tunnel is linked to the set-up of the tunnel.
 */
export function emitConnectionSetup(about: SetupSpans, dial: FinishedDial): SpanContext {
  const { tracer, epoch, server, before } = about;
  const setup = tracer.startSpan(
    `${SPAN_CONNECTION_SETUP} ${server.hostPort}`,
    {
      root: true,
      kind: SpanKind.INTERNAL,
      attributes: setupAttributes(server, dial),
      links: before === undefined || dial.facts.some(isDialled) ? [] : [{ context: before }],
      startTime: toHrTime(epoch, dial.startedAt),
    },
    ROOT_CONTEXT,
  );
  emitParts(about, dial.facts, trace.setSpan(ROOT_CONTEXT, setup));
  endSpan(setup, epoch, dial.endedAt, dial.error);
  const spanContext = setup.spanContext();
  if (dial.error === undefined) {
    setupOfSocket.set(dial.socket, spanContext);
  } else {
    setupOfError.set(dial.error, spanContext);
  }
  return spanContext;
}

function isDialled({ hook }: ClientFact): boolean {
  return hook === 'connectStart';
}

function setupAttributes(server: Origin, { socket, error }: FinishedDial): Attributes {
  const attributes = serverAttributes(server);
  if (server.scheme !== '') {
    attributes[ATTR_URL_SCHEME] = server.scheme;
  }
  if (error === undefined && socket.remoteAddress !== undefined) {
    attributes[ATTR_NETWORK_PEER_ADDRESS] = plainAddress(socket.remoteAddress);
  }
  return attributes;
}

/** Makes one span for each lookup, tried address and handshake, from its start fact to its done fact. */
function emitParts(about: SetupSpans, facts: readonly ClientFact[], parent: Context): void {
  const { hooks } = about;
  let startedAt = Number.NaN;
  for (const fact of facts) {
    switch (fact.hook) {
      case 'dnsDone':
        if (hooks.dnsStart || hooks.dnsDone) {
          const name = `${SPAN_DNS_LOOKUP} ${fact.host}`;
          emitPart(about, parent, name, dnsAttributes(fact), startedAt, fact.at, fact.info.err);
        }
        break;
      case 'connectDone':
        if (hooks.connectStart || hooks.connectDone) {
          const name = `${SPAN_SOCKET_CONNECT} ${fact.addr}`;
          emitPart(about, parent, name, connectAttributes(fact), startedAt, fact.at, fact.err);
        }
        break;
      case 'tlsHandshakeDone':
        if (hooks.tlsHandshakeStart || hooks.tlsHandshakeDone) {
          const attributes = tlsAttributes(fact, about.server);
          const name = `${SPAN_TLS_CLIENT_HANDSHAKE} ${attributes[ATTR_SERVER_ADDRESS] ?? about.server.address ?? ''}`;
          emitPart(about, parent, name, attributes, startedAt, fact.at, fact.err);
        }
        break;
      default:
        startedAt = fact.at;
    }
  }
}

function emitPart(
  { tracer, epoch }: SetupSpans,
  parent: Context,
  name: string,
  attributes: Attributes,
  startedAt: number,
  endedAt: number,
  error: Error | undefined,
): void {
  const options = { kind: SpanKind.INTERNAL, attributes, startTime: toHrTime(epoch, startedAt) };
  endSpan(tracer.startSpan(name, options, parent), epoch, endedAt, error);
}

function endSpan(span: Span, epoch: number, endedAt: number, error: Error | undefined): void {
  if (error !== undefined) {
    span.setAttribute(ATTR_ERROR_TYPE, errorType(error));
    span.setStatus({ code: SpanStatusCode.ERROR, message: errorMessage(error) });
  }
  span.end(toHrTime(epoch, endedAt));
}

/** Leaves out `network.transport` where it is TCP. */
function connectAttributes({ network, addr }: Extract<ClientFact, { hook: 'connectDone' }>): Attributes {
  const attributes: Attributes = {};
  addDialledAddress(attributes, network, addr);
  if (attributes[ATTR_NETWORK_TRANSPORT] === NETWORK_TRANSPORT_VALUE_TCP) {
    delete attributes[ATTR_NETWORK_TRANSPORT];
  }
  return attributes;
}

function tlsAttributes(
  { state }: Extract<ClientFact, { hook: 'tlsHandshakeDone' }>,
  server: Origin,
): Attributes {
  const attributes: Attributes = { ...sniAttributes(server.address) };
  if (state.serverName !== '') {
    attributes[ATTR_SERVER_ADDRESS] = state.serverName;
  }
  addTLSProtocol(attributes, state.version);
  return attributes;
}
