import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

/** Some tests load the package as its users do, from `dist`: builds it if that is missing or older than the source. */
export function setup(): void {
  if (newest('dist') < newest('src')) {
    const { status } = spawnSync('npm', ['run', 'build'], { cwd: ROOT, stdio: 'inherit' });
    if (status !== 0) {
      throw new Error('the build failed, and tests load what it makes');
    }
  }
}

/** When a file in this folder was written last; 0 if there is none. */
function newest(folder: string): number {
  try {
    const files = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true });
    return Math.max(
      0,
      ...files
        .filter((file) => file.isFile())
        .map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs),
    );
  } catch {
    // Nothing was built yet.
    return 0;
  }
}
