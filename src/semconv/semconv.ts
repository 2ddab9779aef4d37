/**
 * Every name that this package emits. Each name is written once.
 *
 * The stable names come from `@opentelemetry/semantic-conventions`. Names in development are defined here, because their
 * entry point may break in a minor release and asks libraries not to import it.
 */

export {
  ATTR_CLIENT_ADDRESS,
  ATTR_CLIENT_PORT,
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_HTTP_REQUEST_HEADER,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_RESPONSE_HEADER,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_NETWORK_LOCAL_ADDRESS,
  ATTR_NETWORK_LOCAL_PORT,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_NAME,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_NETWORK_TRANSPORT,
  ATTR_NETWORK_TYPE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
  ATTR_URL_PATH,
  ATTR_URL_QUERY,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
  ERROR_TYPE_VALUE_OTHER,
  HTTP_REQUEST_METHOD_VALUE_CONNECT,
  HTTP_REQUEST_METHOD_VALUE_DELETE,
  HTTP_REQUEST_METHOD_VALUE_GET,
  HTTP_REQUEST_METHOD_VALUE_HEAD,
  HTTP_REQUEST_METHOD_VALUE_OPTIONS,
  HTTP_REQUEST_METHOD_VALUE_OTHER,
  HTTP_REQUEST_METHOD_VALUE_PATCH,
  HTTP_REQUEST_METHOD_VALUE_POST,
  HTTP_REQUEST_METHOD_VALUE_PUT,
  HTTP_REQUEST_METHOD_VALUE_TRACE,
  METRIC_HTTP_CLIENT_REQUEST_DURATION,
  METRIC_HTTP_SERVER_REQUEST_DURATION,
  NETWORK_TRANSPORT_VALUE_PIPE,
  NETWORK_TRANSPORT_VALUE_TCP,
  NETWORK_TRANSPORT_VALUE_UNIX,
  NETWORK_TYPE_VALUE_IPV4,
  NETWORK_TYPE_VALUE_IPV6,
} from '@opentelemetry/semantic-conventions';

// In development, model/http
export const ATTR_HTTP_CONNECTION_STATE = 'http.connection.state';
export const ATTR_HTTP_REQUEST_BODY_SIZE = 'http.request.body.size';
export const ATTR_HTTP_RESPONSE_BODY_SIZE = 'http.response.body.size';
export const HTTP_CONNECTION_STATE_VALUE_ACTIVE = 'active';
export const HTTP_CONNECTION_STATE_VALUE_IDLE = 'idle';
export const HTTP_REQUEST_METHOD_VALUE_QUERY = 'QUERY';
export const METRIC_HTTP_CLIENT_ACTIVE_REQUESTS = 'http.client.active_requests';
export const METRIC_HTTP_CLIENT_CONNECTION_DURATION = 'http.client.connection.duration';
export const METRIC_HTTP_CLIENT_OPEN_CONNECTIONS = 'http.client.open_connections';
export const METRIC_HTTP_CLIENT_REQUEST_BODY_SIZE = 'http.client.request.body.size';
export const METRIC_HTTP_CLIENT_RESPONSE_BODY_SIZE = 'http.client.response.body.size';
export const METRIC_HTTP_SERVER_ACTIVE_REQUESTS = 'http.server.active_requests';
export const METRIC_HTTP_SERVER_REQUEST_BODY_SIZE = 'http.server.request.body.size';
export const METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE = 'http.server.response.body.size';

// In development, model/url and model/user-agent
export const ATTR_URL_TEMPLATE = 'url.template';
export const ATTR_USER_AGENT_SYNTHETIC_TYPE = 'user_agent.synthetic.type';
export const USER_AGENT_SYNTHETIC_TYPE_VALUE_BOT = 'bot';
export const USER_AGENT_SYNTHETIC_TYPE_VALUE_TEST = 'test';

// In development, model/dns
export const ATTR_DNS_ANSWERS = 'dns.answers';
export const ATTR_DNS_QUESTION_NAME = 'dns.question.name';
export const METRIC_DNS_LOOKUP_DURATION = 'dns.lookup.duration';

// In development, model/tls
export const ATTR_TLS_CIPHER = 'tls.cipher';
export const ATTR_TLS_CURVE = 'tls.curve';
export const ATTR_TLS_ESTABLISHED = 'tls.established';
export const ATTR_TLS_NEXT_PROTOCOL = 'tls.next_protocol';
export const ATTR_TLS_PROTOCOL_NAME = 'tls.protocol.name';
export const ATTR_TLS_PROTOCOL_VERSION = 'tls.protocol.version';
export const ATTR_TLS_RESUMED = 'tls.resumed';
export const ATTR_TLS_SERVER_HASH_SHA256 = 'tls.server.hash.sha256';
export const ATTR_TLS_SERVER_ISSUER = 'tls.server.issuer';
export const ATTR_TLS_SERVER_NOT_AFTER = 'tls.server.not_after';
export const ATTR_TLS_SERVER_NOT_BEFORE = 'tls.server.not_before';
export const ATTR_TLS_SERVER_SUBJECT = 'tls.server.subject';
export const TLS_PROTOCOL_NAME_VALUE_SSL = 'ssl';
export const TLS_PROTOCOL_NAME_VALUE_TLS = 'tls';

// In development, docs/dotnet/dotnet-http-metrics.md. No package has a constant for this name.
export const METRIC_HTTP_CLIENT_REQUEST_TIME_IN_QUEUE = 'http.client.request.time_in_queue';

// In development, docs/dotnet/dotnet-network-traces.md. The beginning of a span's name, before its subject.
export const SPAN_WAIT_FOR_CONNECTION = 'HTTP wait_for_connection';
export const SPAN_CONNECTION_SETUP = 'HTTP connection_setup';
export const SPAN_DNS_LOOKUP = 'DNS lookup';
export const SPAN_SOCKET_CONNECT = 'socket connect';
export const SPAN_TLS_CLIENT_HANDSHAKE = 'TLS client handshake';
export const SPAN_TLS_SERVER_HANDSHAKE = 'TLS server handshake';

// Not registered: the event and attribute names of Go's otelhttptrace, clienttrace.go
export const EVENT_HTTP_GETCONN_START = 'http.getconn.start';
export const EVENT_HTTP_GETCONN_DONE = 'http.getconn.done';
export const EVENT_HTTP_DNS_START = 'http.dns.start';
export const EVENT_HTTP_DNS_DONE = 'http.dns.done';
export const EVENT_HTTP_CONNECT_START = 'http.connect.start';
export const EVENT_HTTP_CONNECT_DONE = 'http.connect.done';
export const EVENT_HTTP_TLS_START = 'http.tls.start';
export const EVENT_HTTP_TLS_DONE = 'http.tls.done';
export const EVENT_HTTP_SEND_START = 'http.send.start';
export const EVENT_HTTP_SEND_DONE = 'http.send.done';
export const EVENT_HTTP_RECEIVE_START = 'http.receive.start';
export const EVENT_HTTP_RECEIVE_DONE = 'http.receive.done';
export const EVENT_GOT_100_WAIT = 'GOT 100 - Wait';
export const EVENT_GOT_100_CONTINUE = 'GOT 100 - Continue';
export const EVENT_GOT_1XX = 'GOT 1xx';
export const ATTR_HTTP_CONN_REUSED = 'http.conn.reused';
export const ATTR_HTTP_CONN_WASIDLE = 'http.conn.wasidle';
export const ATTR_HTTP_CONN_IDLETIME = 'http.conn.idletime';

/** Not registered, our own: the names of the spans of phases, after those of Go's otelhttptrace. */
export const PHASE_SPANS = {
  getconn: 'http.getconn',
  dns: 'http.dns',
  connect: 'http.connect',
  tls: 'http.tls',
  send: 'http.send',
  wait: 'http.wait',
  receive: 'http.receive',
} as const;

// Not registered, our own: events of the server span
export const EVENT_HTTP_RESPONSE_HEAD = 'http.response.head';
export const EVENT_HTTP_RESPONSE_INFORMATIONAL = 'http.response.informational';
export const EVENT_HTTP_RESPONSE_FIRST_WRITE = 'http.response.first_write';
export const EVENT_HTTP_RESPONSE_FLUSH = 'http.response.flush';
export const EVENT_HTTP_RESPONSE_END = 'http.response.end';
export const EVENT_HTTP_RESPONSE_ABORTED = 'http.response.aborted';
export const EVENT_HTTP_RESPONSE_PUSH = 'http.response.push';
export const EVENT_HTTP_CONNECTION_HIJACKED = 'http.connection.hijacked';

// Not registered, our own: where the time of a request went
export const ATTR_HTTPTRACE_GETCONN_DURATION = 'httptrace.getconn.duration';
export const ATTR_HTTPTRACE_DNS_DURATION = 'httptrace.dns.duration';
export const ATTR_HTTPTRACE_CONNECT_DURATION = 'httptrace.connect.duration';
export const ATTR_HTTPTRACE_TLS_DURATION = 'httptrace.tls.duration';
export const ATTR_HTTPTRACE_SEND_DURATION = 'httptrace.send.duration';
export const ATTR_HTTPTRACE_WAIT_DURATION = 'httptrace.wait.duration';
export const ATTR_HTTPTRACE_RECEIVE_DURATION = 'httptrace.receive.duration';
export const ATTR_HTTPTRACE_FAILED_PHASE = 'httptrace.failed_phase';
export const ATTR_HTTPTRACE_CANCELLED_PHASE = 'httptrace.cancelled_phase';
export const ATTR_HTTPTRACE_FIRST_BYTE_DURATION = 'httptrace.first_byte.duration';
export const ATTR_HTTPTRACE_ABORTED = 'httptrace.aborted';
export const ATTR_HTTPTRACE_PHASE = 'httptrace.phase';
export const METRIC_HTTPTRACE_CLIENT_PHASE_DURATION = 'httptrace.client.phase.duration';
export const METRIC_HTTPTRACE_SERVER_FIRST_BYTE_DURATION = 'httptrace.server.first_byte.duration';

/** The phases of a request in their order: values of `httptrace.phase`, `.failed_phase` and `.cancelled_phase`. */
export const PHASES = ['getconn', 'dns', 'connect', 'tls', 'send', 'wait', 'receive'] as const;

export type Phase = (typeof PHASES)[number];

/** The span attribute that holds the duration of each phase, in seconds. */
export const PHASE_DURATION_ATTRIBUTES: Readonly<Record<Phase, string>> = {
  getconn: ATTR_HTTPTRACE_GETCONN_DURATION,
  dns: ATTR_HTTPTRACE_DNS_DURATION,
  connect: ATTR_HTTPTRACE_CONNECT_DURATION,
  tls: ATTR_HTTPTRACE_TLS_DURATION,
  send: ATTR_HTTPTRACE_SEND_DURATION,
  wait: ATTR_HTTPTRACE_WAIT_DURATION,
  receive: ATTR_HTTPTRACE_RECEIVE_DURATION,
};
