/** What the program says by its exit code; where curl has a code for the same, it is that. */
export const EXIT = {
  success: 0,
  unexpected: 1,
  usage: 2,
  badUrl: 3,
  missingPackages: 4,
  unresolvedHost: 6,
  notConnected: 7,
  httpError: 22,
  bodyNotWritten: 23,
  dataNotRead: 26,
  timedOut: 28,
  handshakeFailed: 35,
  tooManyRedirects: 47,
  connectionBroken: 56,
  certificateRejected: 60,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What went wrong, in one line that says what to do about it, and the code that the program ends with. */
export class CliError extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}
