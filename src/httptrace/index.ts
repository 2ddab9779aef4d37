export { contextClientTrace } from './active-trace.js';
export type {
  ClientTrace,
  DNSDoneInfo,
  DNSStartInfo,
  GotConnInfo,
  TLSConnectionState,
  WroteRequestInfo,
} from './client-trace.js';
export { withClientTrace } from './context.js';
