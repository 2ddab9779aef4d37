/** The exit codes of the program. They are curl's where curl has one for the same. */
export const EXIT = {
  success: 0,
  unexpected: 1,
  usage: 2,
  badUrl: 3,
  missingPackages: 4,
  unresolvedProxy: 5,
  unresolvedHost: 6,
  notConnected: 7,
  badHead: 8,
  http2Broken: 16,
  bodyCut: 18,
  httpError: 22,
  notWritten: 23,
  dataNotRead: 26,
  timedOut: 28,
  handshakeFailed: 35,
  tooManyRedirects: 47,
  emptyReply: 52,
  sendFailed: 55,
  connectionBroken: 56,
  certificateRejected: 60,
  badEncoding: 61,
  caNotRead: 77,
  streamReset: 92,
  notExecutable: 126,
  notFound: 127,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The meaning of each exit code, for the help and the documentation. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  success: 'the answer came, with a status below 400',
  unexpected:
    'a scheme that is neither http: nor https:, an answer that is not HTTP, or something unexpected',
  usage: 'wrong option',
  badUrl: 'the URL cannot be parsed',
  missingPackages: 'packages that --otlp needs are not installed',
  unresolvedProxy: 'the name of the proxy cannot be resolved',
  unresolvedHost: 'the name of the host cannot be resolved',
  notConnected: 'no connection to the host',
  badHead: 'the head of the answer is malformed',
  http2Broken: 'the HTTP/2 connection broke',
  bodyCut: 'the connection ended before the body did',
  httpError: 'the answer came, with a status of 400 or above',
  notWritten: 'the body or the report cannot be written',
  dataNotRead: 'the file of -d or -w cannot be read',
  timedOut: '--max-time or --connect-timeout is over',
  handshakeFailed: 'the TLS handshake failed',
  tooManyRedirects: 'too many redirects',
  emptyReply: 'the server closed the connection without an answer',
  sendFailed: 'the request could not be sent',
  connectionBroken: 'the connection broke, or the proxy refused the tunnel',
  certificateRejected: 'the certificate of the server is not accepted',
  badEncoding: 'the body cannot be decompressed',
  caNotRead: 'the file of --cacert cannot be read',
  streamReset: 'the HTTP/2 stream was reset',
  notExecutable: 'the program cannot be executed',
  notFound: 'the program is not there',
  interrupted: 'SIGINT, as of Ctrl-C; what is known so far is drawn',
  terminated: 'SIGTERM; what is known so far is drawn',
};

/** A failure of the program, with its exit code. The message is one line that says what went wrong and what to do. */
export class CliError extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}
