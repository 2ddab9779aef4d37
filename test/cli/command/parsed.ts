import { type CliOptions, parseCommand } from '../../../src/cli/command/options.js';

/** The options of a command line that asks for a request. */
export function requestOptions(...args: string[]): CliOptions {
  const command = parseCommand(args);
  if (command.run !== 'request') {
    throw new Error(`expected a request, not ${command.run}`);
  }
  return command.options;
}
