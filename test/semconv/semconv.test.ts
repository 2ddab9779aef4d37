import * as incubating from '@opentelemetry/semantic-conventions/incubating';
import { describe, expect, it } from 'vitest';
import * as semconv from '../../src/semconv/semconv.js';

const published = new Map<string, unknown>(Object.entries(incubating));
const ours = Object.entries(semconv).filter(([name]) =>
  /^(ATTR|EVENT|METRIC|SPAN|[A-Z_]+_VALUE)_/.test(name),
);

/** Names that no release of the conventions' package has. */
const UNPUBLISHED =
  /^(ATTR_HTTPTRACE_|ATTR_HTTP_CONN_|EVENT_HTTP_(GETCONN|DNS|CONNECT|TLS|SEND|RECEIVE|RESPONSE|CONNECTION)_|EVENT_GOT_1|METRIC_HTTPTRACE_|METRIC_HTTP_CLIENT_REQUEST_TIME_IN_QUEUE$|SPAN_)/;

describe('names', () => {
  it.each(ours.filter(([name]) => !UNPUBLISHED.test(name)))(
    '%s is what the conventions say',
    (name, value) => {
      expect(published.get(name)).toBe(value);
    },
  );

  it.each(ours.filter(([name]) => UNPUBLISHED.test(name)))('%s is not published, as we assume', (name) => {
    expect(published.has(name)).toBe(false);
  });

  it('are each written once', () => {
    const values = ours.map(([, value]) => value).filter((value) => typeof value === 'string');
    const attributes = values.filter((value) => value !== semconv.HTTP_REQUEST_METHOD_VALUE_OTHER);
    expect(attributes.filter((value, i) => attributes.indexOf(value) !== i)).toEqual([]);
  });

  it('are those of Go where Go has them', () => {
    expect([
      semconv.EVENT_HTTP_GETCONN_START,
      semconv.EVENT_HTTP_GETCONN_DONE,
      semconv.EVENT_HTTP_DNS_START,
      semconv.EVENT_HTTP_DNS_DONE,
      semconv.EVENT_HTTP_CONNECT_START,
      semconv.EVENT_HTTP_CONNECT_DONE,
      semconv.EVENT_HTTP_TLS_START,
      semconv.EVENT_HTTP_TLS_DONE,
      semconv.EVENT_HTTP_SEND_START,
      semconv.EVENT_HTTP_SEND_DONE,
      semconv.EVENT_HTTP_RECEIVE_START,
      semconv.EVENT_HTTP_RECEIVE_DONE,
      semconv.EVENT_GOT_100_WAIT,
      semconv.EVENT_GOT_100_CONTINUE,
      semconv.EVENT_GOT_1XX,
    ]).toEqual([
      'http.getconn.start',
      'http.getconn.done',
      'http.dns.start',
      'http.dns.done',
      'http.connect.start',
      'http.connect.done',
      'http.tls.start',
      'http.tls.done',
      'http.send.start',
      'http.send.done',
      'http.receive.start',
      'http.receive.done',
      'GOT 100 - Wait',
      'GOT 100 - Continue',
      'GOT 1xx',
    ]);
  });

  it('has one duration attribute for each phase', () => {
    expect(semconv.PHASE_DURATION_ATTRIBUTES).toEqual({
      getconn: 'httptrace.getconn.duration',
      dns: 'httptrace.dns.duration',
      connect: 'httptrace.connect.duration',
      tls: 'httptrace.tls.duration',
      send: 'httptrace.send.duration',
      wait: 'httptrace.wait.duration',
      receive: 'httptrace.receive.duration',
    });
    expect(Object.keys(semconv.PHASE_DURATION_ATTRIBUTES)).toEqual([...semconv.PHASES]);
  });
});
