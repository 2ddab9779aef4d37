/** Those who wait for the error that is passing through the stack. */
const waiting: ((error: unknown) => void)[] = [];

/**
 * Tells an exception that goes up the stack, without catching it: Node prints the line from which an uncaught one
 * was thrown last, and that is to stay the program's own. To be called in a `finally`.
 *
 * @param tell Called before the process sees the exception as uncaught; or one turn later, with `undefined`, if
 * somebody caught it on the way.
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
