import { context } from '@opentelemetry/api';
import { VERSION } from '../version.js';
import { help } from './command/help.js';
import { type CliOptions, parseCommand } from './command/options.js';
import { readData, readInput } from './command/request-data.js';
import { AsyncLocalStorageContextManager } from './context-manager.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { Interruption } from './interruption.js';
import { complain, Printer } from './output.js';
import { Reports } from './report/reports.js';
import { parseWriteOut, type WriteOut } from './report/write-out.js';
import { asCliError, run } from './run.js';
import { Dialer } from './send/dialer.js';
import { NegotiatingTransport } from './send/transport.js';
import { RequestTracer } from './spans/traced-request.js';
import { warmUp } from './warm-up.js';

/**
 * Runs the command line. Never rejects.
 *
 * @param preload The file that each process of a traced program loads.
 * @returns The exit code.
 */
export async function main(args: readonly string[], preload: string): Promise<number> {
  // If stderr fails, there is nobody to tell.
  process.stderr.on('error', () => undefined);
  let isSilent = false;
  try {
    const command = parseCommand(args);
    switch (command.run) {
      case 'request':
        isSilent = command.options.silent;
        return await request(command.options);
      case 'program': {
        const { runProgram } = await import('./program/run-program.js');
        return await runProgram(command.options, preload);
      }
      case 'help':
      case 'version':
        return await print(command.run === 'help' ? help() : `${VERSION}\n`);
    }
  } catch (error) {
    const { exitCode, message } = asCliError(error);
    if (!isSilent) {
      complain(message);
    }
    return exitCode;
  }
}

async function print(text: string): Promise<ExitCode> {
  const printer = new Printer(process.stdout);
  printer.write(text);
  await printer.end();
  return EXIT.success;
}

async function request(options: CliOptions): Promise<ExitCode> {
  const interruption = new Interruption();
  const body = await readData(options.data);
  const reports = new Reports(options, await writeOutOf(options));
  if (!options.otlp) {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  }
  const sent = options.otlp ? await (await import('./otlp.js')).startOtlp() : undefined;
  const exitCode = await context.with(sent?.context ?? context.active(), async () => {
    const dialer = new Dialer(options.connection);
    await warmUp();
    const transport = new NegotiatingTransport(dialer, options.connection.http);
    const tracer = new RequestTracer(sent?.tracer);
    try {
      return await run(options, body, { transport, dialer, tracer, reports, interruption });
    } finally {
      transport.close();
    }
  });
  if (sent !== undefined) {
    await sent.end();
    reports.line(sent.description);
  }
  await reports.end();
  return exitCode;
}

async function writeOutOf({ writeOut }: CliOptions): Promise<WriteOut | undefined> {
  if (writeOut === undefined) {
    return undefined;
  }
  const format = writeOut.startsWith('@') ? String(await readInput(writeOut.slice(1), '-w')) : writeOut;
  return parseWriteOut(format);
}
