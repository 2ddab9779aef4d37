import { fetch, ProxyAgent } from 'undici';
import { startProxy } from './proxy.js';

const url = process.argv[2] ?? 'https://example.com/';
const { proxy, url: proxyUrl } = await startProxy();

const dispatcher = new ProxyAgent(process.env.HTTPS_PROXY ?? proxyUrl);
const response = await fetch(url, { dispatcher });
console.log(response.status, (await response.text()).length, 'characters');

await dispatcher.close();
proxy.close();
