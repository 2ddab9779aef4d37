/** Callbacks that wait for the error that is passing through the stack. */
const waiting: ((error: unknown) => void)[] = [];

/**
 * Tells an exception that goes up the stack, without catching it. Node prints the line that threw an uncaught exception
 * last, and that line must stay the program's. To be called in a `finally`.
 *
 * @param tell Called with the exception when it is uncaught. Called with `undefined` one turn later if somebody caught it.
 */
export function whenUncaught(tell: (error: unknown) => void): void {
  waiting.push(tell);
  if (waiting.length === 1) {
    process.prependListener('uncaughtExceptionMonitor', tellAll);
    process.nextTick(tellAll, undefined);
  }
}

function tellAll(error: unknown): void {
  process.removeListener('uncaughtExceptionMonitor', tellAll);
  for (const tell of waiting.splice(0)) {
    tell(error);
  }
}
