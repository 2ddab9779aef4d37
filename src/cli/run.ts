import { formatStatus } from '../waterfall/format.js';
import type { Answer, Hop, Transport } from './exchange.js';
import { CliError, EXIT, type ExitCode } from './exit-code.js';
import { explain } from './failure.js';
import { firstHop, redirectedHop, redirectTarget } from './hop.js';
import type { CliOptions } from './options.js';
import { BodySink, complain, type Reports } from './output.js';
import { RequestRecorder } from './recorder.js';

const MOST_REDIRECTS = 20;

/**
 * Sends the request as often as asked for, and reports each.
 *
 * @returns The exit code of the first that did not succeed, else 0.
 */
export async function run(
  options: CliOptions,
  body: Buffer | undefined,
  transport: Transport,
  reports: Reports,
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.success;
  for (let round = 0; round < options.repeat && !reports.isClosed; round += 1) {
    try {
      await follow(options, firstHop(options, body), transport, reports);
    } catch (error) {
      const { exitCode: code, message } = asCliError(error);
      complain(message);
      exitCode = exitCode === EXIT.success ? code : exitCode;
    }
  }
  return exitCode;
}

export function asCliError(error: unknown): CliError {
  return error instanceof CliError
    ? error
    : new CliError(EXIT.unexpected, error instanceof Error ? error.message : String(error));
}

/** One request and those that it is redirected to, in the time that they have together. */
async function follow(
  options: CliOptions,
  first: Hop,
  transport: Transport,
  reports: Reports,
): Promise<void> {
  const deadline = new Deadline(options.maxTimeMs, first.url);
  try {
    let hop: Hop | undefined = first;
    for (let redirects = 0; hop !== undefined; redirects += 1) {
      if (redirects > MOST_REDIRECTS) {
        throw new CliError(
          EXIT.tooManyRedirects,
          `more than ${MOST_REDIRECTS} redirects, the last to ${hop.url.href}`,
        );
      }
      hop = await sendHop(options, hop, transport, reports, deadline.signal);
    }
  } finally {
    deadline.clear();
  }
}

/** Sends one request and reports it. Gives back the one to send next, if it is redirected. */
async function sendHop(
  options: CliOptions,
  hop: Hop,
  transport: Transport,
  reports: Reports,
  signal: AbortSignal,
): Promise<Hop | undefined> {
  const recorder = new RequestRecorder(hop);
  const sink = new BodySink(options.output);
  let answer: Answer | undefined;
  let target: string | undefined;
  const onAnswer = (head: Answer): void => {
    answer = head;
    target = options.location ? redirectTarget(head) : undefined;
    recorder.gotAnswer(head);
  };
  const onBody = async (chunk: Buffer): Promise<void> => {
    recorder.gotBody(chunk.length);
    await (target === undefined ? sink.write(chunk) : undefined);
  };
  try {
    signal.throwIfAborted();
    await transport.send({ hop, recorder, onAnswer, onBody, signal });
    recorder.ended();
  } catch (error) {
    // If the body could not be stored, the request itself has not failed.
    if (error instanceof CliError) {
      recorder.ended();
    } else {
      recorder.failed(error);
    }
    reports.request(recorder);
    throw explain(error, recorder);
  }
  reports.request(recorder, target);
  return answer === undefined || target === undefined
    ? await conclude(answer, sink)
    : redirectedHop(hop, answer.status, target);
}

async function conclude(answer: Answer | undefined, sink: BodySink): Promise<undefined> {
  await sink.close();
  if (answer !== undefined && answer.status >= 400) {
    throw new CliError(EXIT.httpError, `the server answered ${formatStatus(answer.status)}`);
  }
}

/** The time that a request has. */
class Deadline {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout | undefined;

  constructor(ms: number | undefined, url: URL) {
    if (ms !== undefined) {
      const reason = new Error(`no complete answer from ${url.host} within ${ms / 1_000} s`);
      reason.name = 'TimeoutError';
      this.timer = setTimeout(() => this.controller.abort(reason), ms);
    }
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  clear(): void {
    clearTimeout(this.timer);
  }
}
