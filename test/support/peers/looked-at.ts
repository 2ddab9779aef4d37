import { EventEmitter } from 'node:events';
import type { HttpTraceInstrumentationConfig } from '../../../src/index.js';

/** What a program sees of an object that it has in hand. */
interface Seen {
  readonly keys: readonly string[];
  readonly listed: readonly string[];
  readonly listeners: Readonly<Record<string, number>>;
}

/** Where a warning of too many listeners says which event of what it is. */
const TOO_MANY = /\w+ listeners added to \[\w+\]/;

/** The events of which there were too many listeners. */
export function tooMany(warnings: readonly Error[]): string[] {
  return warnings.map(({ message }) => TOO_MANY.exec(message)?.[0] ?? message);
}

/** Whether a frame of a stack is the package's own. */
const OURS = /^(?!.*node_modules).*[/\\](src|dist)[/\\]/;

/** Listeners of these change what becomes of a message. */
const DECIDING = new Set([
  'data',
  'readable',
  'error',
  'response',
  'upgrade',
  'connect',
  'continue',
  'stream',
  'push',
]);

/** What Node itself keeps on a socket when anybody asks who its peer is. */
const KEPT_BY_NODE = new Set(['_peername', '_sockname']);

/** How many listeners of one event Node lets pass. */
const MOST_LISTENERS = 10;

/** Looks at what a program has in hand, at each stage: what it shows, who listens, and what stands on the stack. */
export class Look {
  /** By stage and name of the object. */
  readonly seen = new Map<string, Seen>();
  /** The longest run of frames of ours between others', by stage. */
  readonly frames = new Map<string, number>();
  private readonly counted = new Map<string, Readonly<Record<string, number>>>();
  private readonly before: Look | undefined;
  private readonly filled = new WeakSet<EventEmitter>();

  /** @param before What was seen without us: then each event gets as many listeners more as Node lets pass. */
  constructor(before?: Look) {
    this.before = before;
  }

  /** What a method throws shows what stood on the stack. */
  thrownBy(what: string, call: () => unknown): void {
    try {
      call();
    } catch (error) {
      this.frames.set(`${what} throws`, longestRun((error as Error).stack));
      return;
    }
    throw new Error(`${what} threw nothing`);
  }

  /** @param dialling Sockets that have not got their connection yet: they have listeners of ours until they do. */
  at(
    stage: string,
    objects: Readonly<Record<string, object>>,
    dialling: Readonly<Record<string, object>> = {},
  ): void {
    this.frames.set(stage, longestRun(stackNow()));
    for (const [name, object] of Object.entries({ ...objects, ...dialling })) {
      const what = `${stage}: ${name}`;
      const listeners = listenersOf(object);
      this.counted.set(what, listeners);
      this.seen.set(what, {
        keys: Reflect.ownKeys(object).map(String).filter(isOwn).sort(),
        listed: listed(object).filter(isOwn),
        listeners: name in dialling ? {} : listeners,
      });
      if (this.before !== undefined && object instanceof EventEmitter && !this.filled.has(object)) {
        this.filled.add(object);
        fill(object, this.before.counted.get(what) ?? {});
      }
    }
  }
}

function isOwn(key: string): boolean {
  return !KEPT_BY_NODE.has(key);
}

function stackNow(): string | undefined {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  const { stack } = new Error('where');
  Error.stackTraceLimit = stackTraceLimit;
  return stack;
}

function longestRun(stack = ''): number {
  let longest = 0;
  let run = 0;
  for (const line of stack.split('\n')) {
    run = OURS.test(line) ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

function listed(object: object): string[] {
  const names: string[] = [];
  for (const name in object) {
    names.push(name);
  }
  return names.sort();
}

function listenersOf(object: object): Record<string, number> {
  return object instanceof EventEmitter
    ? Object.fromEntries(object.eventNames().map((name) => [String(name), object.listenerCount(name)]))
    : {};
}

const EVENTS = [
  ...['socket', 'information', 'timeout', 'finish', 'close', 'abort', 'drain', 'prefinish', 'pipe', 'unpipe'],
  ...['end', 'pause', 'resume', 'aborted', 'free', 'agentRemove', 'lookup', 'connectionAttempt', 'ready'],
  ...['connectionAttemptFailed', 'connectionAttemptTimeout', 'secure', 'secureConnect', 'session', 'keylog'],
];

/** A program that uses up what it may have. */
function fill(emitter: EventEmitter, without: Readonly<Record<string, number>>): void {
  for (const event of EVENTS.filter((name) => !DECIDING.has(name))) {
    for (let count = without[event] ?? 0; count < MOST_LISTENERS; count++) {
      emitter.on(event, () => undefined);
    }
  }
}

/** Who has a method, and its name. */
export type PatchedMethod = readonly [holder: object, name: PropertyKey];

/** One thing that we patch, and a program that uses it. */
export interface PatchedRow {
  readonly name: string;
  /** What has it patched, if it is not the default of the tests. */
  readonly config?: HttpTraceInstrumentationConfig;
  /** The methods that are patched as soon as we are enabled. */
  readonly methods: readonly PatchedMethod[];
  /** Those that are patched when the program uses the first of their kind. */
  readonly lazily?: readonly PatchedMethod[];
  /** Those that are patched for a moment, until a channel turns out to tell the same. */
  readonly briefly?: readonly PatchedMethod[];
  /** Methods that we lay over single objects of the program's: they are its own then, and nothing lists them. */
  readonly overObjects?: readonly string[];
  /** Methods that we call as well, so that another tool sees more calls of them than without us. */
  readonly calledByUs?: readonly string[];
  /** Makes the process one in which it is patched. Gives what makes it what it was. */
  arrange?(): () => void;
  /** Makes each of the methods be called, and looks at what it has in hand at each stage. */
  run(look: Look): Promise<void>;
}

/** All that is patched before the program of a row has run to its end. */
export function patchedBy({ methods, lazily = [], briefly = [] }: PatchedRow): readonly PatchedMethod[] {
  return [...methods, ...lazily, ...briefly];
}

/** What the layers of another tool saw. */
export interface OtherTool {
  /** Each call: in which layer, of what, and of which event or header. */
  readonly calls: string[];
  /** Takes its layers off, the last one first. */
  remove(): void;
}

/** Patches as most tools do: by assignment, keeping what was there. */
export function patchAsOthersDo(layer: string, row: PatchedRow): OtherTool {
  const { calledByUs = [] } = row;
  const calls: string[] = [];
  const removals = patchedBy(row).map(([holder, method]) => {
    const before = Object.getOwnPropertyDescriptor(holder, method);
    const below: unknown = Reflect.get(holder, method);
    const name = String(method);
    if (typeof below !== 'function') {
      throw new Error(`there is no ${name}`);
    }
    Reflect.set(holder, method, function theirs(this: unknown, ...args: unknown[]) {
      if (!calledByUs.includes(name)) {
        calls.push(
          [layer, name, typeof args[0] === 'string' ? args[0].replaceAll(/\d+/g, 'N') : ''].join(' '),
        );
      }
      return Reflect.apply(below, this, args);
    });
    return () => {
      if (before === undefined) {
        Reflect.deleteProperty(holder, method);
      } else {
        Object.defineProperty(holder, method, before);
      }
    };
  });
  return {
    calls,
    remove() {
      for (const removal of removals.reverse()) {
        removal();
      }
    },
  };
}
