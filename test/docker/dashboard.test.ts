import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { METRIC_DEFINITIONS } from '../../src/emit/metric-definitions.js';

/** What the collector counts spans by. */
const FROM_SPANS = 'traces_span_metrics_calls_total';
const UNIT_SUFFIXES: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' };

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

function readDashboard(): Dashboard {
  const file = join(__dirname, '../../docker/grafana/dashboards/httptrace.json');
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** What Prometheus calls the time series of our metrics. */
function seriesNames(): Set<string> {
  return new Set(
    Object.entries(METRIC_DEFINITIONS).flatMap(([name, { instrument, options }]) => {
      const series = name.replaceAll('.', '_') + (UNIT_SUFFIXES[options.unit ?? ''] ?? '');
      return instrument === 'histogram'
        ? ['_bucket', '_sum', '_count'].map((suffix) => series + suffix)
        : [series];
    }),
  );
}

const panels = readDashboard().panels.filter(({ targets }) => targets !== undefined);

test('the dashboard has panels', () => {
  expect(panels.length).toBeGreaterThan(10);
});

test.each(panels)('the panel "$title" asks for nothing but metrics that there are', ({ targets = [] }) => {
  const asked = targets.flatMap(({ expr }) => expr.match(/[a-z_]+(?=\{)/g) ?? []);
  expect(asked).not.toEqual([]);
  expect(asked.filter((series) => !seriesNames().has(series) && series !== FROM_SPANS)).toEqual([]);
});
