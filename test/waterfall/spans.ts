import type { HrTime, ReadableSpan, SpanContext, TimedEvent } from '../../src/waterfall/readable-span.js';

/** Seconds since 1970 at which every trace of these tests begins. */
const EPOCH_SECONDS = 1_700_000_000;

const INTERNAL = 0;
export const SERVER = 1;
export const CLIENT = 2;

export const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';

/** What a made-up span tells; all times in milliseconds from the start of its trace. */
export interface SpanFixture {
  name?: string;
  kind?: number;
  id?: string;
  traceId?: string;
  parent?: string;
  remoteParent?: boolean;
  start?: number;
  end?: number;
  attributes?: Record<string, unknown>;
  events?: [name: string, at: number, attributes?: Record<string, unknown>][];
  links?: SpanContext[];
  error?: string;
  service?: string;
}

function hrTime(ms: number): HrTime {
  return [EPOCH_SECONDS + Math.floor(ms / 1000), Math.round((ms % 1000) * 1_000_000)];
}

/** Milliseconds from the start of the trace. */
export function sinceStart(epochMs: number): number {
  return Math.round((epochMs - EPOCH_SECONDS * 1000) * 1000) / 1000;
}

export function span(fixture: SpanFixture): ReadableSpan {
  const traceId = fixture.traceId ?? TRACE_ID;
  const events: TimedEvent[] = (fixture.events ?? []).map(([name, at, attributes]) => ({
    name,
    time: hrTime(at),
    ...(attributes === undefined ? {} : { attributes }),
  }));
  return {
    name: fixture.name ?? 'work',
    kind: fixture.kind ?? INTERNAL,
    spanContext: () => ({ traceId, spanId: fixture.id ?? '00000000000000aa' }),
    ...(fixture.parent === undefined
      ? {}
      : { parentSpanContext: { traceId, spanId: fixture.parent, isRemote: fixture.remoteParent === true } }),
    startTime: hrTime(fixture.start ?? 0),
    endTime: hrTime(fixture.end ?? 0),
    status: fixture.error === undefined ? { code: 0 } : { code: 2, message: fixture.error },
    attributes: fixture.attributes ?? {},
    links: (fixture.links ?? []).map((context) => ({ context })),
    events,
    resource: { attributes: fixture.service === undefined ? {} : { 'service.name': fixture.service } },
  };
}

const PEER = { 'network.peer.address': '127.0.0.1', 'network.peer.port': 8443 };

/** A first request over https to a name, answered with 200 after a 103. */
export function newConnection(more: SpanFixture = {}): ReadableSpan {
  return span({
    name: 'GET',
    kind: CLIENT,
    id: '00000000000000c1',
    start: 0,
    end: 80,
    service: 'shop',
    ...more,
    attributes: {
      'http.request.method': 'GET',
      'url.full': 'https://localhost:8443/catalog',
      'http.response.status_code': 200,
      'network.protocol.version': '1.1',
      ...PEER,
      ...more.attributes,
    },
    events: [
      ['http.getconn.start', 0, { 'server.address': 'localhost', 'server.port': 8443 }],
      ['http.dns.start', 1, { 'dns.question.name': 'localhost' }],
      ['http.dns.done', 4, { 'dns.question.name': 'localhost', 'dns.answers': ['::1', '127.0.0.1'] }],
      ['http.connect.start', 4, { 'network.peer.address': '::1', 'network.peer.port': 8443 }],
      [
        'http.connect.done',
        5,
        { 'network.peer.address': '::1', 'network.peer.port': 8443, 'error.type': 'ECONNREFUSED' },
      ],
      ['http.connect.start', 5, PEER],
      ['http.connect.done', 7, PEER],
      ['http.tls.start', 7, { 'server.address': 'localhost' }],
      [
        'http.tls.done',
        19,
        { 'tls.protocol.name': 'tls', 'tls.protocol.version': '1.3', 'tls.next_protocol': 'http/1.1' },
      ],
      ['http.getconn.done', 20, { ...PEER, 'http.conn.reused': false }],
      ['http.send.start', 20],
      ['http.send.done', 21],
      ['http.receive.start', 41],
      ['GOT 1xx', 41, { 'http.response.status_code': 103 }],
      ['http.receive.done', 80, { 'http.response.body.size': 48_200 }],
    ],
  });
}

/** The server's side of `newConnection`. */
export function served(more: SpanFixture = {}): ReadableSpan {
  return span({
    name: 'GET /catalog',
    kind: SERVER,
    id: '00000000000000d1',
    parent: '00000000000000c1',
    remoteParent: true,
    start: 22,
    end: 78,
    service: 'stock',
    attributes: {
      'http.request.method': 'GET',
      'url.path': '/catalog',
      'http.route': '/catalog',
      'http.response.status_code': 200,
      'http.response.body.size': 48_200,
      'network.protocol.version': '1.1',
      'client.address': '127.0.0.1',
    },
    events: [
      ['http.response.informational', 40, { 'http.response.status_code': 103 }],
      ['http.response.head', 60, { 'http.response.status_code': 200 }],
      ['http.response.first_write', 60],
      ['http.response.end', 77, { 'http.response.body.size': 48_200 }],
    ],
    ...more,
  });
}

/** A request to a port where nobody listens. */
export function refused(more: SpanFixture = {}): ReadableSpan {
  const peer = { 'network.peer.address': '127.0.0.1', 'network.peer.port': 9 };
  return span({
    name: 'GET',
    kind: CLIENT,
    id: '00000000000000c2',
    start: 0,
    end: 8,
    error: 'connect ECONNREFUSED 127.0.0.1:9',
    attributes: {
      'http.request.method': 'GET',
      'url.full': 'http://127.0.0.1:9/',
      'error.type': 'ECONNREFUSED',
      'httptrace.failed_phase': 'connect',
    },
    events: [
      ['http.getconn.start', 0],
      ['http.connect.start', 1, peer],
      ['http.connect.done', 7, { ...peer, 'error.type': 'ECONNREFUSED' }],
      ['http.getconn.done', 8, { 'error.type': 'ECONNREFUSED' }],
    ],
    ...more,
  });
}
