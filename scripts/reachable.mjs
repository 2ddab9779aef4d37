import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

const REQUIRED =
  /(?:require|import)\(["'](\.[^"']*)["']\)|\bfrom ["'](\.[^"']*)["']|^import ["'](\.[^"']*)["']/gm;

/** The files below `folder` that `entries` are, and that they load or take types from. */
export function reachable(folder, entries) {
  const waiting = entries.map((path) => posix.normalize(path));
  const reached = new Set();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (!reached.has(path)) {
      reached.add(path);
      const isTypes = path.endsWith('.d.ts');
      for (const [, called, named, alone] of readFileSync(join(folder, path), 'utf8').matchAll(REQUIRED)) {
        const target = posix.join(posix.dirname(path), called ?? named ?? alone);
        waiting.push(isTypes ? target.replace(/\.js$/, '.d.ts') : target);
      }
    }
  }
  return reached;
}
