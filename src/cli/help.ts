import { EXIT } from './exit-code.js';

const { success, unexpected, usage, badUrl, missingPackages, unresolvedHost, notConnected } = EXIT;
const { httpError, bodyNotWritten, dataNotRead, timedOut, handshakeFailed } = EXIT;
const { tooManyRedirects, connectionBroken, certificateRejected } = EXIT;

export const HELP = `Usage: httptrace [options] <url>

Traces one URL and draws where the time went: waiting for a connection, DNS,
TCP, TLS, sending, waiting for the server, receiving. A URL without a scheme is
taken as http://.

Request
  -X, --request METHOD   default: GET; POST with -d; HEAD with -I
  -H, --header LINE      'Name: value' to send, any number of times;
                         'Name:' leaves a default header out
  -d, --data DATA        body to send; @FILE reads it from a file, @- from
                         stdin, without line breaks; several are joined with &
  -I, --head             ask for the head of the response only
  -L, --location         follow redirects, up to 20; each is drawn
      --repeat N         send the request N times, on kept connections where
                         the server keeps them; each is drawn
      --max-time SECONDS give up after that long, redirects included

Connection
  -k, --insecure         accept any certificate
  -4, -6                 only IPv4, only IPv6 addresses
      --http2            HTTP/2 if the server of an https URL agrees to it, else
                         HTTP/1.1; for an http URL, HTTP/2 without asking

Output
  -o, --output FILE      write the body there; with - to stdout, and the drawing
                         goes to stderr
      --json             a line of JSON for each request instead of a drawing:
                         {url, method, status, protocol, reused, phases, total,
                         error}, with phases: {getconn, dns, connect, tls, send,
                         wait, receive}; times in milliseconds; what did not
                         happen is left out; error is 'TYPE in PHASE: message'
      --otlp             also send spans to OTEL_EXPORTER_OTLP_ENDPOINT, by
                         default http://localhost:4318; not with --http2
  -h, --help             this text
  -V, --version          the version

The drawing is as wide as COLUMNS says, else as the terminal, else 100 columns.
Colours are used in a terminal that has them; NO_COLOR and FORCE_COLOR decide
otherwise.

Exit code; of several requests, that of the first that did not succeed
  ${code(success)}  the answer came, with a status below 400
  ${code(unexpected)}  something unexpected
  ${code(usage)}  wrong option
  ${code(badUrl)}  the URL cannot be parsed, or is not http: or https:
  ${code(missingPackages)}  packages that --otlp needs are not installed
  ${code(unresolvedHost)}  the name of the host cannot be resolved
  ${code(notConnected)}  no connection to the host
  ${code(httpError)}  the answer came, with a status of 400 or above
  ${code(bodyNotWritten)}  the body cannot be written to the file of -o
  ${code(dataNotRead)}  the file of -d cannot be read
  ${code(timedOut)}  --max-time is over
  ${code(handshakeFailed)}  the TLS handshake failed
  ${code(tooManyRedirects)}  too many redirects
  ${code(connectionBroken)}  the connection broke, or the answer is not HTTP
  ${code(certificateRejected)}  the certificate of the server is not accepted
`;

function code(value: number): string {
  return String(value).padStart(2);
}
