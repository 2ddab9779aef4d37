import type { ExitCode } from '../exit-code.js';
import type { ProgramOptions } from '../options.js';
export async function runProgram(_options: ProgramOptions): Promise<ExitCode> {
  return 1;
}
