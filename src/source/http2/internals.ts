import type { ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';

// Fields that Node and undici keep under symbols which they do not export. They are found by their descriptions.

/** The socket itself: `session.socket` is a proxy that hides it. */
export function socketOf(session: ClientHttp2Session): Socket {
  const socket = fieldOf(session, 'socket');
  return typeof socket === 'object' && socket !== null ? (socket as Socket) : (session.socket as Socket);
}

/** `host:port` that the session was opened for, IPv6 without brackets. */
export function authorityOf(session: ClientHttp2Session): string {
  return String(fieldOf(session, 'authority') ?? '');
}

/** `http:` or `https:` */
export function protocolOf(session: ClientHttp2Session): string {
  return String(fieldOf(session, 'protocol') ?? (session.encrypted === true ? 'https:' : 'http:'));
}

/** Whether the session belongs to undici, whose client hangs itself on it before the first request. */
export function isUndicis(session: ClientHttp2Session): boolean {
  const client = fieldOf(session, 'client');
  return typeof client === 'object' && client !== null && 'dispatch' in client;
}

/** How many streams are open. */
export function openStreams(session: ClientHttp2Session): number {
  const state = fieldOf(session, 'state');
  const streams =
    typeof state === 'object' && state !== null && 'streams' in state ? state.streams : undefined;
  return (streams as { size: number } | undefined)?.size ?? 0;
}

function fieldOf(holder: object, description: string): unknown {
  const key = Object.getOwnPropertySymbols(holder).find((symbol) => symbol.description === description);
  return key === undefined ? undefined : Reflect.get(holder, key);
}
