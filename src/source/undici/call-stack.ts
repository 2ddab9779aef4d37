/** How many calls are looked at: a connector of the user's may lie deep under undici's own frames. */
const DEPTH = 64;

/** How many callers tell one place apart from any other. */
const CALLERS = 4;

/** The innermost calls that were under way at some moment, as places in scripts. */
export type Callers = readonly string[];

/** What called the function that called `callee`, which must be running; empty where that cannot be known. */
export function callersOf(callee: (...args: never[]) => unknown): Callers {
  return places(callee).slice(1, 1 + CALLERS);
}

/** Whether the very calls are still under way. */
export function areRunning(callers: Callers): boolean {
  const [innermost] = callers;
  if (innermost === undefined) {
    return false;
  }
  const running = places();
  const at = running.indexOf(innermost);
  return at !== -1 && callers.every((caller, index) => running[at + index] === caller);
}

/** The calls that are under way, innermost first: those below `callee`, or all. */
function places(callee?: (...args: never[]) => unknown): Callers {
  const holder: { stack?: unknown } = {};
  replaced('stackTraceLimit', DEPTH, () =>
    replaced('prepareStackTrace', toPlaces, () => {
      Error.captureStackTrace(holder, callee);
      // V8 formats a stack when it is read for the first time.
      return holder.stack;
    }),
  );
  return Array.isArray(holder.stack) ? holder.stack : [];
}

function toPlaces(_holder: unknown, calls: readonly NodeJS.CallSite[]): string[] {
  return calls.map((call) => `${call.getFileName()}:${call.getPosition()}`);
}

/** Runs with another value in a property of `Error`, if it may be changed: some programs freeze it. */
function replaced(key: 'stackTraceLimit' | 'prepareStackTrace', value: unknown, run: () => unknown): void {
  const before = Object.getOwnPropertyDescriptor(Error, key);
  if (!Reflect.defineProperty(Error, key, { value, writable: true, enumerable: true, configurable: true })) {
    return;
  }
  try {
    run();
  } finally {
    if (before === undefined) {
      Reflect.deleteProperty(Error, key);
    } else {
      Object.defineProperty(Error, key, before);
    }
  }
}
