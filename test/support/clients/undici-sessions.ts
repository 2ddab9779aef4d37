import type { Dispatcher } from 'undici';
import type { OpenSession, SessionOptions } from '../go/go-scenarios.js';
import { CA } from '../servers/certificates.js';
import { askFetch, askRequest } from './undici-apis.js';
import type { UndiciFlavour } from './undici-flavours.js';

/** `fetch` of this undici. */
export function fetchSessions(flavour: UndiciFlavour): OpenSession {
  return (options) => {
    const dispatcher = dispatcherFor(flavour, options);
    return {
      request: async (url, init) => (await askFetch(flavour, dispatcher, url, init)).status,
      close: () => dispatcher.destroy(),
    };
  };
}

/** `request` of this undici, which follows redirects by an interceptor. */
export function requestSessions(flavour: UndiciFlavour): OpenSession {
  return (options) => {
    const dispatcher = dispatcherFor(flavour, options);
    const redirect = flavour.installed?.interceptors.redirect({ maxRedirections: 3 });
    const following = redirect === undefined ? dispatcher : dispatcher.compose(redirect);
    return {
      request: async (url, init) => (await askRequest(following, url, init)).status,
      close: () => dispatcher.destroy(),
    };
  };
}

function dispatcherFor(flavour: UndiciFlavour, { http2 = false, proxy }: SessionOptions = {}): Dispatcher {
  const connect = { ca: CA, family: 4, autoSelectFamily: false, allowH2: http2 };
  if (proxy === undefined) {
    return new flavour.Agent({ connect, allowH2: http2 });
  }
  if (flavour.installed === undefined) {
    throw new Error('The undici inside Node shows no ProxyAgent');
  }
  return new flavour.installed.ProxyAgent({ uri: proxy, proxyTunnel: false });
}
