import axios from 'axios';
import followRedirects from 'follow-redirects';
import superagent from 'superagent';

interface LibraryAsking {
  readonly method?: 'GET' | 'POST';
  readonly json?: unknown;
  readonly signal?: AbortSignal;
  /** In milliseconds. */
  readonly timeout?: number;
}

interface LibraryAnswer {
  readonly status: number;
  readonly body: string;
}

/** A client that people use on top of `node:http`, with each of its settings as its users have them. */
export interface HttpLibrary {
  readonly name: string;
  /** `error.type` when its own time limit is over; none where it hides that from the request. */
  readonly timesOutAs: string | undefined;
  ask(url: string, asking?: LibraryAsking): Promise<LibraryAnswer>;
}

export const HTTP_LIBRARIES: readonly HttpLibrary[] = [
  { name: 'axios', timesOutAs: 'ECONNABORTED', ask: askAxios },
  { name: 'got', timesOutAs: 'TimeoutError', ask: askGot },
  { name: 'node-fetch', timesOutAs: undefined, ask: askNodeFetch },
  { name: 'follow-redirects', timesOutAs: 'TimeoutError', ask: askFollowRedirects },
  { name: 'superagent', timesOutAs: undefined, ask: askSuperagent },
];

async function askAxios(
  url: string,
  { method, json, signal, timeout }: LibraryAsking = {},
): Promise<LibraryAnswer> {
  const { status, data } = await axios.request({
    url,
    method: method ?? 'GET',
    data: json,
    responseType: 'text',
    validateStatus: () => true,
    ...(signal === undefined ? {} : { signal }),
    ...(timeout === undefined ? {} : { timeout }),
  });
  return { status, body: data };
}

async function askGot(
  url: string,
  { method, json, signal, timeout }: LibraryAsking = {},
): Promise<LibraryAnswer> {
  const { got } = await import('got');
  const { statusCode, body } = await got(url, {
    method: method ?? 'GET',
    ...(json === undefined ? {} : { json }),
    ...(signal === undefined ? {} : { signal }),
    ...(timeout === undefined ? {} : { timeout: { request: timeout } }),
    throwHttpErrors: false,
    retry: { limit: 0 },
  });
  return { status: statusCode, body };
}

async function askNodeFetch(
  url: string,
  { method, json, signal, timeout }: LibraryAsking = {},
): Promise<LibraryAnswer> {
  const { default: fetch } = await import('node-fetch');
  const limit = timeout === undefined ? signal : AbortSignal.timeout(timeout);
  const response = await fetch(url, {
    method: method ?? 'GET',
    ...(json === undefined
      ? {}
      : { body: JSON.stringify(json), headers: { 'content-type': 'application/json' } }),
    ...(limit === undefined ? {} : { signal: limit }),
  });
  return { status: response.status, body: await response.text() };
}

function askFollowRedirects(
  url: string,
  { method, json, signal, timeout }: LibraryAsking = {},
): Promise<LibraryAnswer> {
  const { request } = url.startsWith('https:') ? followRedirects.https : followRedirects.http;
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: method ?? 'GET' }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on('error', reject);
    signal?.addEventListener('abort', () => asked.destroy(signal.reason));
    if (timeout !== undefined) {
      asked.setTimeout(timeout, () => asked.destroy(new DOMException('Too slow', 'TimeoutError')));
    }
    asked.end(json === undefined ? undefined : JSON.stringify(json));
  });
}

function askSuperagent(
  url: string,
  { method, json, signal, timeout }: LibraryAsking = {},
): Promise<LibraryAnswer> {
  const asked = superagent(method ?? 'GET', url).ok(() => true);
  if (json !== undefined) {
    asked.send(json as object);
  }
  if (timeout !== undefined) {
    asked.timeout(timeout);
  }
  return new Promise((resolve, reject) => {
    // It never calls back after `abort`.
    signal?.addEventListener('abort', () => reject(asked.abort()));
    asked.end((error, response) => {
      if (error) {
        reject(error);
      } else {
        resolve({ status: response.status, body: response.text });
      }
    });
  });
}
