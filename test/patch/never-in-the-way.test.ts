import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Look, type PatchedRow, patchAsOthersDo, patchedBy, tooMany } from '../support/peers/looked-at.js';
import { useTelemetry } from '../support/telemetry/telemetry.js';
import { HTTP2_CLIENT_ROWS } from './rows/http2-client.js';
import { NODE_CLIENT_ROWS } from './rows/node-client.js';
import { SERVER_ROWS } from './rows/server.js';
import { UNDICI_ROWS } from './rows/undici.js';

/** Each prototype over which a method was laid, and the name of that. */
const laid = vi.hoisted((): [prototype: object, name: PropertyKey][] => []);

// All that this package patches goes through this one function.
vi.mock('../../src/patch/descriptor.js', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../src/patch/descriptor.js')>();
  return {
    ...original,
    layOverPrototype(object: object, name: PropertyKey, method: unknown) {
      if (Object.hasOwn(object, 'constructor')) {
        laid.push([object, name]);
      }
      return original.layOverPrototype(object, name, method);
    },
  };
});

const ROWS: readonly PatchedRow[] = [
  ...UNDICI_ROWS,
  ...NODE_CLIENT_ROWS,
  ...HTTP2_CLIENT_ROWS,
  ...SERVER_ROWS,
];

const telemetry = useTelemetry();

function descriptorsOf(row: PatchedRow): unknown[] {
  return patchedBy(row).map(([holder]) => Object.getOwnPropertyDescriptors(holder));
}

/** What a program saw, without what lies over single objects: that is their own, and hidden. */
function seenBy({ seen }: Look, { overObjects = [] }: PatchedRow): unknown {
  return Object.fromEntries(
    [...seen].map(([what, { keys, ...rest }]) => [
      what,
      { ...rest, keys: keys.filter((key) => !overObjects.includes(key)) },
    ]),
  );
}

function expectPatched(methods: PatchedRow['methods'], before: readonly unknown[]): void {
  for (const [index, [holder, method]] of methods.entries()) {
    expect(Object.getOwnPropertyDescriptor(holder, method), String(method)).not.toEqual(
      (before[index] as PropertyDescriptorMap)[method as string],
    );
  }
}

async function run(row: PatchedRow, look = new Look()): Promise<Look> {
  await row.run(look);
  await setImmediate();
  return look;
}

/** What nobody calls shows nothing. */
function expectCalled(row: PatchedRow, calls: readonly string[] = []): void {
  const called = new Set([...(row.calledByUs ?? []), ...calls.map((call) => call.split(' ')[1])]);
  const names = patchedBy(row).map(([, name]) => String(name));
  expect(names.filter((name) => !called.has(name))).toEqual([]);
}

describe.each(ROWS)('$name', (row) => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);

  // Node prints them otherwise.
  const printing = process.listeners('warning');

  beforeEach(() => {
    warnings.splice(0);
    process.removeAllListeners('warning').on('warning', note);
    return row.arrange?.();
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
    expect(seenBy(await run(row), row)).toEqual(seenBy(without, row));
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
    expectPatched(row.methods, before);
    await run(row);
    expectPatched([...row.methods, ...(row.lazily ?? [])], before);
    instrumentation.disable();
    expect(descriptorsOf(row)).toEqual(before);
  });

  it('are seen by the layers of another tool above and below ours as without it', async () => {
    const alone = [patchAsOthersDo('below', row), patchAsOthersDo('above', row)];
    await run(row);
    const [below, above] = alone.map(({ calls }) => [...calls].sort());
    expectCalled(row, below);
    for (const tool of alone.reverse()) {
      tool.remove();
    }
    const before = descriptorsOf(row);
    const under = patchAsOthersDo('below', row);
    const instrumentation = telemetry.instrument(row.config);
    if (row.lazily !== undefined) {
      await run(row);
    }
    // We look for classes that Node does not export.
    under.calls.splice(0);
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

it('whatever is patched has its row', async () => {
  telemetry.instrument({ metrics: { 'http.client.request.body.size': true }, server: { enabled: true } });
  for (const row of ROWS) {
    await run(row);
  }
  const listed = ROWS.flatMap(patchedBy);
  const missing = laid.filter(
    ([prototype, name]) => !listed.some(([holder, method]) => holder === prototype && method === name),
  );
  expect(laid.length).toBeGreaterThan(0);
  const names = missing.map(([prototype, name]) => `${prototype.constructor.name}.${String(name)}`);
  expect([...new Set(names)]).toEqual([]);
});
