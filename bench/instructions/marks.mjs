// How a program tells valgrind what is to be counted. It loads nothing but what Node has loaded anyway.
import { existsSync, writeSync } from 'node:fs';

/** What a program says when it is to be counted. */
export const WARM = 'warm\n';

/** valgrind sees this call, and writes down what it has counted so far: see `valgrind.mjs`. */
export const mark = () => process.umask();

/**
 * Says that what comes next is to be counted, and waits until it is: valgrind listens only while something runs. No
 * stream has a part in it, for one of another kind would let the engine compile anew what it knows of streams.
 */
export function begin() {
  writeSync(1, WARM);
  while (!existsSync(process.env.HTTPTRACE_BENCH_COUNTING)) {
    // valgrind is about to begin.
  }
}
