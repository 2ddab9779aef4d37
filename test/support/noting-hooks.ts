import type { Hooks } from '../../src/httpsnoop/index.js';

/** Hooks that note each call, by name and mark, and hand everything on. */
export function notingHooks(calls: string[], mark = ''): Required<Hooks> {
  const note = <R>(name: string, goOn: () => R): R => {
    calls.push(name + mark);
    return goOn();
  };
  return {
    setHeader:
      (next) =>
      (...args) =>
        note('setHeader', () => next(...args)),
    writeHead:
      (next) =>
      (...args) =>
        note('writeHead', () => next(...args)),
    write:
      (next) =>
      (...args) =>
        note('write', () => next(...args)),
    end:
      (next) =>
      (...args) =>
        note('end', () => next(...args)),
    flushHeaders: (next) => () => note('flushHeaders', () => next()),
    writeContinue:
      (next) =>
      (...args) =>
        note('writeContinue', () => next(...args)),
    writeProcessing:
      (next) =>
      (...args) =>
        note('writeProcessing', () => next(...args)),
    writeEarlyHints:
      (next) =>
      (...args) =>
        note('writeEarlyHints', () => next(...args)),
    createPushResponse:
      (next) =>
      (...args) =>
        note('createPushResponse', () => next(...args)),
  };
}
