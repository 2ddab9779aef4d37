import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { METRIC_DEFINITIONS } from '../../src/semconv/metrics.js';

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

/** What Prometheus calls the time series of a metric. */
function seriesOf(name: string): string[] {
  const definition = Object.entries(METRIC_DEFINITIONS).find(([known]) => known === name)?.[1];
  const series = name.replaceAll('.', '_') + (UNIT_SUFFIXES[definition?.unit ?? ''] ?? '');
  return definition?.instrument === 'histogram'
    ? ['_bucket', '_sum', '_count'].map((suffix) => series + suffix)
    : [series];
}

const askedBy = ({ targets = [] }: Dashboard['panels'][number]): string[] =>
  targets.flatMap(({ expr }) => expr.match(/[a-z_]+(?=\{)/g) ?? []);

/** What `docs/dashboard.md` tells to switch on. */
function switchedOn(): string[] {
  const page = readFileSync(join(__dirname, '../../docs/dashboard.md'), 'utf8');
  return page.match(/^export OTEL_INSTRUMENTATION_HTTPTRACE_METRICS=(.*)$/m)?.[1]?.split(',') ?? [];
}

const panels = readDashboard().panels.filter(({ targets }) => targets !== undefined);

test('the dashboard has panels', () => {
  expect(panels.length).toBeGreaterThan(10);
});

test.each(panels)('the panel "$title" asks for nothing but metrics that there are', (panel) => {
  const known = new Set([FROM_SPANS, ...Object.keys(METRIC_DEFINITIONS).flatMap(seriesOf)]);
  const asked = askedBy(panel);
  expect(asked).not.toEqual([]);
  expect(asked.filter((series) => !known.has(series))).toEqual([]);
});

test('docs/dashboard.md switches on what the dashboard asks for, and nothing else', () => {
  const asked = new Set(panels.flatMap(askedBy));
  const needed = Object.keys(METRIC_DEFINITIONS).filter((name) =>
    seriesOf(name).some((series) => asked.has(series)),
  );
  expect(switchedOn().sort()).toEqual(needed.sort());
});
