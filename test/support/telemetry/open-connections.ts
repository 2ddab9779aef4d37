import { channel } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { NotingMeterProvider } from './noting-meter.js';

const OPEN = 'http.client.open_connections';

/** How many connections are said to be open, in each state. */
export interface OpenConnections {
  readonly active: number;
  readonly idle: number;
}

/** What is said of connections, as it would be added up by a metrics SDK; it can be asked at any moment. */
export class ConnectionCounts extends NotingMeterProvider {
  get now(): OpenConnections {
    const sums = { active: 0, idle: 0 };
    for (const { value, attributes } of this.of(OPEN)) {
      sums[attributes?.['http.connection.state'] === 'active' ? 'active' : 'idle'] += value;
    }
    return sums;
  }

  /** The lowest that each state has ever been. */
  get least(): OpenConnections {
    const sums = { active: 0, idle: 0 };
    const least = { active: 0, idle: 0 };
    for (const { value, attributes } of this.of(OPEN)) {
      const state = attributes?.['http.connection.state'] === 'active' ? 'active' : 'idle';
      sums[state] += value;
      least[state] = Math.min(least[state], sums[state]);
    }
    return least;
  }

  /** The time series that have not come back to zero. */
  get unbalanced(): [string, number][] {
    const sums = new Map<string, number>();
    for (const { value, attributes } of this.of(OPEN)) {
      const series = JSON.stringify(attributes);
      sums.set(series, (sums.get(series) ?? 0) + value);
    }
    return [...sums].filter(([, sum]) => sum !== 0);
  }

  get lifetimes(): number {
    return this.of('http.client.connection.duration').length;
  }
}

/** The sockets that undici has connected since the test began. */
interface UndiciSockets {
  readonly opened: () => number;
  /** Those of them that have not closed. */
  readonly open: () => number;
  /** Those of the open ones that are being closed. */
  readonly closing: () => number;
}

export function undiciSockets(): UndiciSockets {
  const open = new Set<Socket>();
  let opened = 0;
  const onConnected = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    opened++;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  };
  const connected = channel('undici:client:connected');
  connected.subscribe(onConnected);
  onTestFinished(() => void connected.unsubscribe(onConnected));
  return {
    opened: () => opened,
    open: () => open.size,
    closing: () => [...open].filter(({ destroyed }) => destroyed).length,
  };
}

/** The same numbers in each run: at least 0, less than `limit`. */
export function seeded(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Runs a load in turns of a few requests, with idle times, and looks at the numbers all the while: how often is what it returns. */
export async function load(
  run: (random: (limit: number) => number) => Promise<void>,
  look: () => void,
): Promise<number> {
  const random = seeded(20_261_121);
  let done = false;
  let looks = 0;
  const looking = (async () => {
    while (!done) {
      look();
      looks++;
      await setImmediate();
    }
  })();
  const worker = async (): Promise<void> => {
    for (let i = 0; i < 30; i++) {
      await run(random);
      if (random(8) === 0) {
        await setTimeout(random(30));
      }
    }
  };
  await Promise.all(Array.from({ length: 6 }, worker));
  done = true;
  await looking;
  return looks;
}
