export { captureMetrics, captureMetricsFn, Metrics } from './capture-metrics.js';
export type { Hooks } from './hooks.js';
export { unwrap, wrap } from './wrap.js';
