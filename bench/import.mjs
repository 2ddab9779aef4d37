import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from './harness.mjs';

export const PEER_PACKAGES = ['@opentelemetry/instrumentation-undici', '@opentelemetry/instrumentation-http'];

const SUBJECTS = {
  '@opentelemetry/api, which each of them loads': ['@opentelemetry/api'],
  'instrumentation-undici and -http': PEER_PACKAGES,
  'this package': ['opentelemetry-instrumentation-httptrace'],
};

/** The row that this package is compared to. */
export const PEERS = 'instrumentation-undici and -http';
export const OURS = 'this package';

const PROGRAM = `
  const started = performance.now();
  for (const name of process.argv.slice(1)) require(name);
  console.log(performance.now() - started);
`;

/**
 * How long it takes to load the packages, each time in a process of its own; they take turns.
 *
 * @returns {{ name: string, ms: number, ratio: number }[]} The medians, and their ratios to the peers.
 */
export function importRows({ rounds = 15, cwd = fileURLToPath(new URL('..', import.meta.url)) } = {}) {
  const times = new Map(Object.keys(SUBJECTS).map((name) => [name, []]));
  // The first round fills the caches of the file system.
  for (let round = -1; round < rounds; round++) {
    for (const [name, packages] of Object.entries(SUBJECTS)) {
      const output = execFileSync(process.execPath, ['-e', PROGRAM, '--', ...packages], {
        cwd,
        encoding: 'utf8',
      });
      if (round >= 0) {
        times.get(name).push(Number(output));
      }
    }
  }
  const peers = median(times.get(PEERS));
  return [...times].map(([name, values]) => ({ name, ms: median(values), ratio: median(values) / peers }));
}
