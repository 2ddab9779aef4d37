import type { RequestCounts } from '../../../src/index.js';

export const NO_REQUESTS: RequestCounts = {
  recorded: 0,
  suppressed: 0,
  ignored: 0,
  withoutParent: 0,
  notSampled: 0,
  withoutProvider: 0,
  withoutSpan: 0,
  byAnotherInstance: 0,
};
