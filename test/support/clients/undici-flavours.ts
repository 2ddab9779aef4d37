import type * as undici from 'undici';

type Undici = typeof undici;

/** One undici that a program may use: an installed one, or the one inside Node. */
export interface UndiciFlavour {
  readonly name: string;
  readonly version: string;
  readonly major: number;
  readonly fetch: Undici['fetch'];
  readonly Agent: Undici['Agent'];
  readonly Pool: Undici['Pool'];
  readonly Client: Undici['Client'];
  readonly FormData: Undici['FormData'];
  /** All that the package exports; the undici inside Node shows no more than the above. */
  readonly installed: Undici | undefined;
}

const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1');

/** Every undici that runs on this Node: the supported ones are tested wherever they do. */
export const UNDICI_FLAVOURS: readonly UndiciFlavour[] = loadAll();

function loadAll(): UndiciFlavour[] {
  // The first undici in a process provides the global dispatcher: Node's own is found by it.
  const flavours = [builtIn(), installed('undici6'), installed('undici')];
  if (!isAtLeast(process.versions.node, 22, 19)) {
    return flavours;
  }
  const before: unknown = Reflect.get(globalThis, GLOBAL_DISPATCHER);
  flavours.push(installed('undici8'));
  // undici 8 puts a wrapper of its own there, and then nothing leads to the undici inside an older Node any more.
  Reflect.set(globalThis, GLOBAL_DISPATCHER, before);
  return flavours;
}

function installed(name: string): UndiciFlavour {
  const api: Undici = require(name);
  const { version }: { version: string } = require(`${name}/package.json`);
  const { fetch, Agent, Pool, Client, FormData } = api;
  return {
    name: `undici ${version}`,
    version,
    major: majorOf(version),
    fetch,
    Agent,
    Pool,
    Client,
    FormData,
    installed: api,
  };
}

/** Node keeps the classes of its undici to itself, but its global dispatcher is made of them. */
function builtIn(): UndiciFlavour {
  // Reading the global loads it.
  const fetch: unknown = Reflect.get(globalThis, 'Request') && globalThis.fetch;
  const agent = globalDispatcher();
  const factory: (origin: string, options: object) => undici.Dispatcher = Reflect.get(
    agent,
    symbolOf(agent, 'factory'),
  );
  const version = process.versions.undici ?? '';
  addMissingApi(agent);
  return {
    name: `the undici ${version} inside Node`,
    version,
    major: majorOf(version),
    fetch: fetch as Undici['fetch'],
    Agent: agent.constructor as Undici['Agent'],
    Pool: factory('http://localhost', {}).constructor as Undici['Pool'],
    Client: factory('http://localhost', { connections: 1 }).constructor as Undici['Client'],
    FormData: Reflect.get(globalThis, 'FormData') as Undici['FormData'],
    installed: undefined,
  };
}

/** Older releases of Node leave out what is not needed for `fetch`: the rest of the package runs on theirs as well. */
function addMissingApi(agent: object): void {
  if (!('request' in agent)) {
    let prototype: object = Object.getPrototypeOf(agent);
    while (!Object.hasOwn(Object.getPrototypeOf(prototype), 'emit')) {
      prototype = Object.getPrototypeOf(prototype);
    }
    Object.assign(prototype, require('undici6/lib/api'));
  }
}

function globalDispatcher(): object {
  // undici 8 has a key of its own, and under the old one a wrapper for old handlers.
  const agent: unknown =
    Reflect.get(globalThis, Symbol.for('undici.globalDispatcher.2')) ??
    Reflect.get(globalThis, GLOBAL_DISPATCHER);
  if (typeof agent !== 'object' || agent === null) {
    throw new Error('Node has no global dispatcher');
  }
  return agent;
}

function symbolOf(object: object, description: string): symbol {
  const symbol = Object.getOwnPropertySymbols(object).find((key) => key.description === description);
  if (symbol === undefined) {
    throw new Error(`The global dispatcher has no ${description}`);
  }
  return symbol;
}

function majorOf(version: string): number {
  return Number.parseInt(version, 10);
}

/** Whether a version is this one, or a later one. */
export function isAtLeast(version: string, major: number, minor: number): boolean {
  const [givenMajor = 0, givenMinor = 0] = version.split('.').map(Number);
  return givenMajor > major || (givenMajor === major && givenMinor >= minor);
}
