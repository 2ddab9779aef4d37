import { formatStatus } from '../waterfall/format.js';
import type { CliOptions } from './command/options.js';
import { CliError, EXIT, type ExitCode } from './exit-code.js';
import { explain } from './failure.js';
import type { Interruption } from './interruption.js';
import { BodySink, complain } from './output.js';
import type { Reports } from './report/reports.js';
import { failedPhaseOf } from './report/request-report.js';
import type { Answer } from './send/answer.js';
import { Body } from './send/body.js';
import type { Dialer } from './send/dialer.js';
import type { Transport } from './send/exchange.js';
import { firstHop, type Hop, redirectedHop, redirectTarget } from './send/hop.js';
import { TimeLimit } from './send/time-limit.js';
import type { RequestTracer, TracedRequest } from './spans/traced-request.js';

/** The means by which requests are sent. */
export interface Means {
  readonly transport: Transport;
  readonly dialer: Pick<Dialer, 'tunnel' | 'proxyFor'>;
  readonly tracer: RequestTracer;
  readonly reports: Reports;
  readonly interruption: Pick<Interruption, 'signal' | 'exitCode'>;
}

/**
 * Sends the request as often as asked for, and reports each time.
 *
 * @returns The exit code of the first request that did not succeed, else 0.
 */
export async function run(options: CliOptions, body: Buffer | undefined, means: Means): Promise<ExitCode> {
  const { reports, interruption, dialer } = means;
  let exitCode: ExitCode = EXIT.success;
  for (let round = 0; round < options.repeat && mayGoOn(means); round += 1) {
    const sent = new Round(options, means);
    const error = await sent.follow(firstHop(options, body)).then(
      () => undefined,
      (thrown: unknown) => asCliError(thrown),
    );
    reports.round({ options, hops: sent.hops, error, tunnel: dialer.tunnel });
    if (error !== undefined && interruption.exitCode === undefined) {
      if (!options.silent) {
        complain(error.message);
      }
      exitCode = exitCode === EXIT.success ? error.exitCode : exitCode;
    }
  }
  return interruption.exitCode ?? exitCode;
}

function mayGoOn({ reports, interruption }: Means): boolean {
  return !reports.isClosed && interruption.exitCode === undefined;
}

export function asCliError(error: unknown): CliError {
  return error instanceof CliError
    ? error
    : new CliError(EXIT.unexpected, error instanceof Error ? error.message : String(error));
}

/** One request and those that it is redirected to. They share one time limit. */
class Round {
  readonly hops: TracedRequest[] = [];
  private readonly options: CliOptions;
  private readonly means: Means;
  private readonly sink: BodySink;

  constructor(options: CliOptions, means: Means) {
    this.options = options;
    this.means = means;
    this.sink = new BodySink(options.output);
  }

  async follow(first: Hop): Promise<void> {
    const { maxTimeMs, maxRedirects } = this.options;
    const { signal } = this.means.interruption;
    const deadline = new TimeLimit(maxTimeMs, `no complete answer from ${first.url.host}`, signal);
    try {
      let hop: Hop | undefined = first;
      for (let redirects = 0; hop !== undefined; redirects += 1) {
        if (redirects > maxRedirects) {
          throw new CliError(
            EXIT.tooManyRedirects,
            `more than ${maxRedirects} redirects, the last to ${hop.url.href}`,
          );
        }
        hop = await this.sendHop(hop, deadline.signal);
      }
    } finally {
      deadline.clear();
    }
  }

  /** Sends one request and reports it. Returns the request to send next; `undefined` without a redirect. */
  private async sendHop(hop: Hop, signal: AbortSignal): Promise<Hop | undefined> {
    const { tracer, transport, reports } = this.means;
    const traced = tracer.begin(hop);
    this.hops.push(traced);
    const body = new Body(this.options, this.sink);
    const onAnswer = (answer: Answer): void => {
      traced.gotAnswer(answer);
      body.begin(answer);
    };
    const onBody = async (chunk: Buffer): Promise<void> => {
      traced.gotBody(chunk.length);
      await body.write(chunk);
    };
    try {
      signal.throwIfAborted();
      await transport.send({ hop: traced.hop, trace: traced.trace, onAnswer, onBody, signal });
      traced.ended();
    } catch (error) {
      this.fail(traced, error);
    }
    reports.request(traced);
    return await this.conclude(hop, traced, body);
  }

  /** Reports a request that got no complete answer, and throws why. */
  private fail(traced: TracedRequest, error: unknown): never {
    const { reports, interruption, dialer } = this.means;
    // A body that could not be stored is no failure of the request.
    if (error instanceof CliError) {
      traced.ended();
    } else {
      traced.failed(error, interruption.exitCode === undefined ? undefined : 'interrupted');
    }
    reports.request(traced);
    throw explain(error, {
      url: traced.hop.url,
      phase: failedPhaseOf(traced.finishedSpan),
      answered: traced.answer !== undefined,
      proxy: dialer.proxyFor(traced.hop.url)?.url,
      unixSocket: this.options.connection.unixSocket,
    });
  }

  private async conclude(hop: Hop, { answer }: TracedRequest, body: Body): Promise<Hop | undefined> {
    await body.end();
    if (answer === undefined) {
      return undefined;
    }
    const target = this.options.location ? redirectTarget(answer) : undefined;
    if (target !== undefined) {
      return redirectedHop(hop, answer.status, target);
    }
    await this.sink.close();
    if (answer.status >= 400) {
      throw new CliError(EXIT.httpError, `the server answered ${formatStatus(answer.status)}`);
    }
    return undefined;
  }
}
