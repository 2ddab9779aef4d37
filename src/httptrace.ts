export { contextClientTrace } from './httptrace/active-trace.js';
export type {
  ClientTrace,
  DNSDoneInfo,
  DNSStartInfo,
  GotConnInfo,
  TLSConnectionState,
  WroteRequestInfo,
} from './httptrace/client-trace.js';
export { withClientTrace } from './httptrace/context.js';
