/** One option of the command line. The parser, the help and the page `docs/cli.md` are made from these. */
export interface OptionEntry {
  readonly name: string;
  readonly short?: string;
  /** Name of the value. An option without one is a switch. */
  readonly value?: string;
  /** Whether the option may be given several times. */
  readonly multiple?: true;
  readonly help: string;
}

/** The options by subject. An option that curl has too means the same as curl's. */
export const OPTION_GROUPS = {
  Request: [
    { name: 'request', short: 'X', value: 'METHOD', help: 'default: GET; POST with data; HEAD with -I' },
    {
      name: 'header',
      short: 'H',
      value: 'LINE',
      multiple: true,
      help: "'Name: value' to send; 'Name:' leaves a default header out; 'Name;' sends it empty",
    },
    {
      name: 'data',
      short: 'd',
      value: 'DATA',
      multiple: true,
      help: 'body to send, as a form; @FILE reads it from a file, @- from stdin, without line breaks; several are joined with &',
    },
    { name: 'data-binary', value: 'DATA', multiple: true, help: 'as -d, with the line breaks of the file' },
    { name: 'data-raw', value: 'DATA', multiple: true, help: 'as -d, and @ means nothing' },
    { name: 'user', short: 'u', value: 'USER:PASSWORD', help: 'send them as basic authentication' },
    { name: 'user-agent', short: 'A', value: 'NAME', help: "default: httptrace's; '' sends none" },
    { name: 'compressed', help: 'ask for a compressed body, and write it decompressed' },
    { name: 'head', short: 'I', help: 'ask for the head of the response only, and print it' },
    { name: 'location', short: 'L', help: 'follow redirects; each hop is drawn' },
    { name: 'max-redirs', value: 'N', help: 'follow at most that many; default: 20' },
    {
      name: 'repeat',
      value: 'N',
      help: 'send the request N times, on kept connections where the server keeps them; each is drawn',
    },
  ],
  Connection: [
    { name: 'insecure', short: 'k', help: 'accept any certificate' },
    { name: 'cacert', value: 'FILE', help: 'trust the authorities in this PEM file, and no others' },
    { name: 'ipv4', short: '4', help: 'only IPv4 addresses' },
    { name: 'ipv6', short: '6', help: 'only IPv6 addresses' },
    { name: 'http1.1', help: 'HTTP/1.1, whatever the server offers' },
    {
      name: 'http2',
      help: 'HTTP/2 to an http URL without asking; an https URL gets it anyway if its server agrees',
    },
    { name: 'http2-prior-knowledge', help: 'as --http2' },
    {
      name: 'resolve',
      value: 'HOST:PORT:ADDR[,ADDR]',
      multiple: true,
      help: 'dial these addresses for that host and port; * is every host',
    },
    {
      name: 'connect-to',
      value: 'HOST1:PORT1:HOST2:PORT2',
      multiple: true,
      help: 'dial the second for a URL with the first; what is left empty is any, or the same',
    },
    { name: 'unix-socket', value: 'PATH', help: 'dial this unix socket' },
    {
      name: 'proxy',
      short: 'x',
      value: '[SCHEME://]HOST[:PORT]',
      help: "an http: or https: proxy, by default at port 1080; '' is none; without it http_proxy, HTTPS_PROXY and ALL_PROXY count",
    },
    { name: 'proxy-user', short: 'U', value: 'USER:PASSWORD', help: 'basic authentication at the proxy' },
    { name: 'noproxy', value: 'HOSTS', help: 'no proxy for these, * for any; default: NO_PROXY' },
    { name: 'connect-timeout', value: 'SECONDS', help: 'give up a connection after that long' },
    {
      name: 'max-time',
      short: 'm',
      value: 'SECONDS',
      help: 'give up after that long, redirects included',
    },
  ],
  Output: [
    {
      name: 'include',
      short: 'i',
      help: 'print the head of each response: before the body with -o, else before the drawing; with --json as responseHeaders',
    },
    {
      name: 'output',
      short: 'o',
      value: 'FILE',
      help: 'write the body there; with - to stdout, and the drawing goes to stderr',
    },
    { name: 'fail', short: 'f', help: 'write no body of a status of 400 or above' },
    {
      name: 'write-out',
      short: 'w',
      value: 'FORMAT',
      help: "print this in place of the drawing, with curl's variables such as %{time_total}; @FILE reads it",
    },
    { name: 'silent', short: 's', help: 'say nothing of failures; the exit code and the drawing stay' },
    { name: 'show-error', short: 'S', help: 'say it nevertheless' },
    { name: 'json', help: 'a line of JSON for each request in place of the drawing' },
    {
      name: 'otlp',
      help: 'also send spans to OTEL_EXPORTER_OTLP_ENDPOINT, by default http://localhost:4318',
    },
    { name: 'help', short: 'h', help: 'this text' },
    { name: 'version', short: 'V', help: 'the version' },
  ],
  'With a program': [{ name: 'servers', help: 'draw the requests that it serves, too' }],
} as const satisfies Record<string, readonly OptionEntry[]>;

type Entry = (typeof OPTION_GROUPS)[keyof typeof OPTION_GROUPS][number];

export type OptionName = Entry['name'];

/** Options with a value. */
export type ValueName = Extract<Entry, { value: string }>['name'];

/** Options that may be given several times. */
export type ListName = Extract<Entry, { multiple: true }>['name'];

export const OPTION_ENTRIES: readonly (OptionEntry & { readonly name: OptionName })[] =
  Object.values(OPTION_GROUPS).flat();
