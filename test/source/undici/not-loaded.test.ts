import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(__dirname, '../../..');

/** Says where undici would show if it were loaded: its global dispatchers, and modules. */
const PROGRAM = `
  const { HttpTraceInstrumentation } = require(${JSON.stringify(ROOT)});
  const instrumentation = new HttpTraceInstrumentation();
  instrumentation.status();
  setImmediate(() => {
    const keys = [1, 2].map((version) => Symbol.for('undici.globalDispatcher.' + version));
    const modules = Object.keys(require.cache).filter((file) => /[\\\\/]undici/.test(file));
    console.log(JSON.stringify([...keys.map((key) => key in globalThis), modules]));
  });
`;

it('undici is not loaded before the program does', () => {
  const said = execFileSync(process.execPath, ['-e', PROGRAM], { encoding: 'utf8' });
  expect(JSON.parse(said)).toEqual([false, false, []]);
});
