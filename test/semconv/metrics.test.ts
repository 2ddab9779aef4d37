import { ValueType } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { metricOptions } from '../../src/emit/instruments.js';
import { METRIC_DEFINITIONS } from '../../src/semconv/metrics.js';

const definitions = Object.entries(METRIC_DEFINITIONS);

describe('METRIC_DEFINITIONS', () => {
  it('has every metric, with its instrument and unit', () => {
    const rows = definitions.map(([name, { instrument, unit }]) => [name, instrument, unit]);
    expect(rows).toEqual([
      ['http.client.request.duration', 'histogram', 's'],
      ['http.client.active_requests', 'upDownCounter', '{request}'],
      ['http.client.open_connections', 'upDownCounter', '{connection}'],
      ['http.client.connection.duration', 'histogram', 's'],
      ['http.client.request.body.size', 'histogram', 'By'],
      ['http.client.response.body.size', 'histogram', 'By'],
      ['http.client.request.time_in_queue', 'histogram', 's'],
      ['dns.lookup.duration', 'histogram', 's'],
      ['httptrace.client.phase.duration', 'histogram', 's'],
      ['http.server.request.duration', 'histogram', 's'],
      ['http.server.active_requests', 'upDownCounter', '{request}'],
      ['http.server.request.body.size', 'histogram', 'By'],
      ['http.server.response.body.size', 'histogram', 'By'],
      ['httptrace.server.first_byte.duration', 'histogram', 's'],
    ]);
  });

  it('switches on the two stable metrics alone', () => {
    expect(definitions.filter(([, { onByDefault }]) => onByDefault).map(([name]) => name)).toEqual([
      'http.client.request.duration',
      'http.server.request.duration',
    ]);
  });

  it('counts seconds as doubles, and bytes and things as integers', () => {
    for (const [name, definition] of definitions) {
      const { unit, valueType } = metricOptions(definition);
      expect([name, valueType]).toEqual([name, unit === 's' ? ValueType.DOUBLE : ValueType.INT]);
    }
  });

  it.each([
    [
      'http.client.request.duration',
      [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
    ],
    ['http.client.connection.duration', [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]],
    ['http.client.request.body.size', [0, 128, 1024, 8192, 65536, 262144, 1048576, 8388608, 67108864]],
    ['http.client.active_requests', undefined],
  ] as const)('gives %s its buckets', (name, boundaries) => {
    expect(metricOptions(METRIC_DEFINITIONS[name]).advice?.explicitBucketBoundaries).toEqual(boundaries);
  });

  it.each([
    ['http.client.request.duration', 'Time taken by an outgoing request'],
    ['http.client.active_requests', 'Outgoing requests in progress'],
    ['http.client.open_connections', 'Established outgoing connections, busy or idle'],
    ['http.client.connection.duration', 'Lifetime of an established outgoing connection'],
    ['http.client.request.body.size', 'Body bytes sent per outgoing request'],
    ['http.client.response.body.size', 'Body bytes received per outgoing request'],
    ['http.client.request.time_in_queue', 'Waiting time of a request for a free connection'],
    ['dns.lookup.duration', 'Time taken to resolve a host name'],
    ['httptrace.client.phase.duration', 'Time an outgoing request spent in one phase'],
    ['http.server.request.duration', 'Time taken to serve an incoming request'],
    ['http.server.active_requests', 'Incoming requests in progress'],
    ['http.server.request.body.size', 'Body bytes received per incoming request'],
    ['http.server.response.body.size', 'Body bytes sent per incoming request'],
    ['httptrace.server.first_byte.duration', 'Time until the head of the response was written'],
  ] as const)('describes %s', (name, description) => {
    expect(metricOptions(METRIC_DEFINITIONS[name]).description).toBe(description);
  });
});
