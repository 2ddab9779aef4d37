import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');

/** How many of these objects are still there after the garbage was collected. */
export async function survivors(objects: readonly WeakRef<object>[]): Promise<number> {
  // What was looked at in a task lives until its end.
  for (let round = 0; round < 5; round++) {
    await setImmediate();
    gc();
  }
  return objects.filter((object) => object.deref() !== undefined).length;
}
