/** A promise that is settled from outside. */
export interface Deferred {
  readonly promise: Promise<unknown>;
  resolve(value?: unknown): void;
}

export function deferred(): Deferred {
  let resolve: Deferred['resolve'] = () => undefined;
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
