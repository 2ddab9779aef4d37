import { context } from '@opentelemetry/api';
import { VERSION } from '../version.js';
import { AsyncLocalStorageContextManager } from './context-manager.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { HELP } from './help.js';
import { Http1Transport } from './http1.js';
import { Http2Transport } from './http2.js';
import { type CliOptions, parseCommand } from './options.js';
import { complain, Reports } from './output.js';
import { readData } from './request-data.js';
import { asCliError, run } from './run.js';

/** What the program does. Never rejects; gives back the code to exit with. */
export async function main(args: readonly string[]): Promise<ExitCode> {
  // A reader that has seen enough, as in `| head -1`, is no reason to crash.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  try {
    const command = parseCommand(args);
    if (command.run === 'request') {
      return await request(command.options);
    }
    process.stdout.write(command.run === 'help' ? HELP : `${VERSION}\n`);
    return EXIT.success;
  } catch (error) {
    const { exitCode, message } = asCliError(error);
    complain(message);
    return exitCode;
  }
}

async function request(options: CliOptions): Promise<ExitCode> {
  const body = await readData(options.data);
  const reports = new Reports(options.json, options.output);
  if (!options.otlp) {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager());
    return await send(options, body, reports);
  }
  const { startOtlp } = await import('./otlp.js');
  const sent = await startOtlp();
  const exitCode = await context.with(sent.context, send, undefined, options, body, reports);
  await sent.end();
  reports.line(sent.description);
  return exitCode;
}

async function send(options: CliOptions, body: Buffer | undefined, reports: Reports): Promise<ExitCode> {
  const connection = { insecure: options.insecure, family: options.family };
  const http1 = new Http1Transport(connection);
  const transport = options.http2 ? new Http2Transport(connection, http1) : http1;
  try {
    return await run(options, body, transport, reports);
  } finally {
    transport.close();
  }
}
