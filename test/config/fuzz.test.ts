import { expect, it } from 'vitest';
import { variablesOf } from '../../src/config/environment.js';
import { listOptions } from '../../src/config/options.js';
import { resolveConfig } from '../../src/config/resolve.js';
import type { HttpTraceInstrumentationConfig } from '../../src/config/types.js';

const ROUNDS = 5_000;

/** Numbers from 0 to 1 that are the same in each run (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const throwing = () => {
  throw new Proxy({}, { get: throwing });
};
const trap = new Proxy(
  {},
  {
    get: throwing,
    has: throwing,
    ownKeys: throwing,
    getPrototypeOf: throwing,
    getOwnPropertyDescriptor: throwing,
  },
);
const { proxy: revoked, revoke } = Proxy.revocable(() => undefined, {});
revoke();

const paths = listOptions().map(({ path }) => path.split('.'));
const keys = [
  ...new Set(paths.flat()),
  'dnsStart',
  'write',
  'dns.lookup.duration',
  '__proto__',
  'constructor',
  '',
  '\0',
];
const texts = [
  '',
  ',',
  '-',
  '-,',
  'true',
  'events',
  'existing',
  'dnsStart,-dnsDone',
  '-write',
  '**',
  '/**/*?',
  '[::1]',
  '\uD800',
  'ü*',
  'a'.repeat(5_000),
];

function anything(random: () => number, depth: number): unknown {
  const pick = <T>(choices: readonly T[]): T | undefined => choices[Math.floor(random() * choices.length)];
  const atoms = [
    undefined,
    null,
    true,
    false,
    NaN,
    -0,
    1n,
    Symbol('s'),
    pick(texts),
    pick(texts),
    trap,
    revoked,
  ];
  const objects = [
    new Map(),
    new Date(NaN),
    /x/g,
    Buffer.from('x'),
    () => trap,
    class {},
    new Array(9e9 % 2 ** 32),
  ];
  if (depth === 0 || random() < 0.3) {
    return pick([...atoms, ...objects]);
  }
  if (random() < 0.2) {
    return Array.from({ length: random() * 4 }, () => anything(random, depth - 1));
  }
  const object: object = Object.create(pick([null, Object.prototype, trap]) ?? null);
  for (let i = 0; i < random() * 8; i++) {
    const value = anything(random, depth - 1);
    const accessor = random() < 0.1 ? { get: throwing } : { value, writable: true };
    const enumerable = random() < 0.9;
    Object.defineProperty(object, pick(keys) ?? '', { ...accessor, enumerable, configurable: true });
  }
  return object;
}

/** The kind of each value, however deep, without what it is. */
function shapeOf(value: unknown): unknown {
  if (value instanceof Set) {
    return 'set';
  }
  if (Array.isArray(value)) {
    return 'array';
  }
  if (typeof value !== 'object' || value === null) {
    return typeof value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shapeOf(member)]));
}

/** The places where there may be a function, or nothing. */
const optional = new Map([
  ['client', ['ignoreRequestHook', 'startSpanHook', 'requestHook', 'responseHook', 'ignoreUrl', 'propagate']],
  [
    'server',
    ['ignoreRequestHook', 'startSpanHook', 'requestHook', 'responseHook', 'ignorePath', 'ignoreHost'],
  ],
]);

it('makes a complete configuration of anything, and never throws', () => {
  const random = randomFrom(20_26);
  const shape = JSON.stringify(shapeOf(resolveConfig({}, {}, () => undefined)));
  const variables = listOptions().flatMap(variablesOf);
  let warnings = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const env = Object.fromEntries(
      variables
        .filter(() => random() < 0.2)
        .map((name) => [name, texts[Math.floor(random() * texts.length)]]),
    );
    const given = anything(random, 4) as HttpTraceInstrumentationConfig;
    const config = resolveConfig(given, env, () => {
      warnings++;
    });
    const client = Object.fromEntries((optional.get('client') ?? []).map((name) => [name, undefined]));
    const server = Object.fromEntries((optional.get('server') ?? []).map((name) => [name, undefined]));
    const plain = {
      ...config,
      client: { ...config.client, ...client },
      server: { ...config.server, ...server },
      metricAttributesHook: undefined,
    };
    expect(JSON.stringify(shapeOf(plain))).toBe(shape);
    config.client.ignoreUrl?.('[::1]:80', '/a?b');
    config.client.propagate?.('example.com');
    config.server.ignorePath?.('/a/b/c');
    config.server.ignoreHost?.('[::1]:80');
  }
  expect(warnings).toBeGreaterThan(ROUNDS);
});
