import * as http from 'node:http';
import * as https from 'node:https';
import { defaultPort, hostPort } from '../../authority.js';
import type { NodeExchange } from './exchange.js';

interface AgentMethods {
  readonly createSocket?: unknown;
  readonly createConnection?: unknown;
}

// What Node's agents have is read at each question, for it may be patched. And an import of ours loads neither module.

/** Whether an agent makes sockets in its own way: it may do so when it has returned. */
export function makesSocketsItself(agent: AgentMethods): boolean {
  return agent.createSocket !== (http.Agent.prototype as AgentMethods).createSocket;
}

/** Whether an agent makes connections as Node's own do: before it returns. */
export function connectsAtOnce({ createConnection }: AgentMethods): boolean {
  return [http.Agent.prototype, https.Agent.prototype].some(
    (prototype: AgentMethods) => prototype.createConnection === createConnection,
  );
}

/** What proxy agents show of their proxy: a `URL`, or the options to connect to it. */
interface ProxyAgent extends http.Agent {
  readonly proxy?: unknown;
  readonly options?: { readonly proxyEnv?: unknown };
}

/** What one of Node's own agents makes of its option `proxyEnv`. */
interface ProxyConfig {
  readonly proxyConnectionOptions?: unknown;
  shouldUseProxy?(host: string, port: number | string): boolean;
}

/** `host:port` of the proxy that the request's agent goes through, as far as it says. */
export function proxyOf({ request, host, port }: NodeExchange): string | undefined {
  const agent: ProxyAgent | null | undefined = request.agent;
  if (!agent) {
    return undefined;
  }
  if (agent.proxy !== undefined) {
    return addressOf(agent.proxy);
  }
  return agent.options?.proxyEnv ? proxyFromEnv(agent, request.socketPath, host, port) : undefined;
}

function proxyFromEnv(
  agent: http.Agent,
  socketPath: string | undefined,
  host: string,
  port: number | string,
): string | undefined {
  const key = Object.getOwnPropertySymbols(agent).find(({ description }) => description === 'kProxyConfig');
  const config: ProxyConfig | null | undefined = key === undefined ? undefined : Reflect.get(agent, key);
  return socketPath === undefined && config?.shouldUseProxy?.(host, port) === true
    ? addressOf(config.proxyConnectionOptions)
    : undefined;
}

function addressOf(proxy: unknown): string | undefined {
  if (typeof proxy !== 'object' || proxy === null) {
    return undefined;
  }
  const { hostname, host, port, protocol } = proxy as Record<string, unknown>;
  const name = hostname ?? host;
  if (typeof name !== 'string' || name === '') {
    return undefined;
  }
  const bare = name.startsWith('[') ? name.slice(1, -1) : name;
  return hostPort(bare, String(port || defaultPort(protocol === 'https:' ? protocol : 'http:')));
}
