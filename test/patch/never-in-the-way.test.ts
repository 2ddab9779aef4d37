import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Look, type PatchedRow, patchAsOthersDo, tooMany } from '../support/peers/looked-at.js';
import { useTelemetry } from '../support/telemetry/telemetry.js';
import { HTTP2_CLIENT_ROWS } from './rows/http2-client.js';
import { NODE_CLIENT_ROWS } from './rows/node-client.js';
import { SERVER_ROWS } from './rows/server.js';
import { UNDICI_ROWS } from './rows/undici.js';

/** Whoever patches something adds its row. */
const ROWS: readonly PatchedRow[] = [
  ...UNDICI_ROWS,
  ...NODE_CLIENT_ROWS,
  ...HTTP2_CLIENT_ROWS,
  ...SERVER_ROWS,
];

const telemetry = useTelemetry();

function descriptorsOf({ methods }: PatchedRow): unknown[] {
  return methods.map(([holder]) => Object.getOwnPropertyDescriptors(holder));
}

async function run(row: PatchedRow, look = new Look()): Promise<Look> {
  await row.run(look);
  await setImmediate();
  return look;
}

describe.each(ROWS)('$name', (row) => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);

  // Node prints them otherwise.
  const printing = process.listeners('warning');

  beforeEach(() => {
    warnings.splice(0);
    process.removeAllListeners('warning').on('warning', note);
  });

  afterEach(() => {
    process.off('warning', note);
    for (const listener of printing) {
      process.on('warning', listener);
    }
  });

  it('show what they showed, and have the listeners that they had', async () => {
    await run(row);
    const without = await run(row);
    telemetry.instrument(row.config);
    expect(Object.fromEntries((await run(row)).seen)).toEqual(Object.fromEntries(without.seen));
  });

  it('have at most one frame of ours between those of others', async () => {
    telemetry.instrument(row.config);
    const { frames } = await run(row);
    expect([...frames].filter(([, ours]) => ours > 1)).toEqual([]);
  });

  it('leave the program as many listeners as it may have', async () => {
    const before = await run(row);
    await run(row, new Look(before));
    await setImmediate();
    // Node's own listeners come on top of the program's ten.
    const without = new Set(tooMany(warnings.splice(0)));
    telemetry.instrument(row.config);
    await run(row, new Look(before));
    await setImmediate();
    expect(tooMany(warnings).filter((event) => !without.has(event))).toEqual([]);
  });

  it('are patched while we are enabled, and are then what they were', async () => {
    const before = descriptorsOf(row);
    const instrumentation = telemetry.instrument(row.config);
    for (const [index, [holder, method]] of row.methods.entries()) {
      expect(Object.getOwnPropertyDescriptor(holder, method), method).not.toEqual(
        (before[index] as PropertyDescriptorMap)[method],
      );
    }
    await run(row);
    instrumentation.disable();
    expect(descriptorsOf(row)).toEqual(before);
  });

  it('are seen by the layers of another tool above and below ours as without it', async () => {
    const alone = [patchAsOthersDo('below', row), patchAsOthersDo('above', row)];
    await run(row);
    const [below, above] = alone.map(({ calls }) => [...calls].sort());
    for (const tool of alone.reverse()) {
      tool.remove();
    }
    const before = descriptorsOf(row);
    const under = patchAsOthersDo('below', row);
    const instrumentation = telemetry.instrument(row.config);
    const over = patchAsOthersDo('above', row);

    await run(row);

    expect([...under.calls].sort()).toEqual(below);
    expect([...over.calls].sort()).toEqual(above);
    instrumentation.disable();
    under.calls.splice(0);
    over.calls.splice(0);
    await run(row);
    expect([...under.calls].sort()).toEqual(below);
    expect([...over.calls].sort()).toEqual(above);
    over.remove();
    under.remove();
    expect(descriptorsOf(row)).toEqual(before);
  });
});
