import { createHash, createHmac } from 'node:crypto';
import * as https from 'node:https';
import { expect, it } from 'vitest';
import { answerOf, httpsAgent } from '../../../support/clients/node-clients.js';
import { CA } from '../../../support/servers/certificates.js';
import { httpsServer } from '../../../support/servers/truthful-server.js';
import { useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';

type Signed = Readonly<Record<string, string>>;

/** Signature Version 4, as the SDKs of AWS compute it. */
function signatureOf(method: string, path: string, headers: Signed, names: string, body: string): string {
  const fields = names.split(';').map((name) => `${name}:${headers[name]}\n`);
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const canonical = [method, path, '', fields.join(''), names, hash(body)].join('\n');
  const date = headers['x-amz-date'] ?? '';
  const scope = `${date.slice(0, 8)}/eu-west-1/s3/aws4_request`;
  const key = scope
    .split('/')
    .reduce<string | Buffer>(
      (secret, part) => createHmac('sha256', secret).update(part).digest(),
      `AWS4${SECRET}`,
    );
  return createHmac('sha256', key)
    .update(`AWS4-HMAC-SHA256\n${date}\n${scope}\n${hash(canonical)}`)
    .digest('hex');
}

function sign(method: string, path: string, host: string, body: string): Signed {
  const headers = {
    host,
    'content-type': 'application/json',
    'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
    'x-amz-date': '20261121T080000Z',
  };
  const names = Object.keys(headers).sort().join(';');
  const signature = signatureOf(method, path, headers, names, body);
  return { ...headers, authorization: `AWS4-HMAC-SHA256 SignedHeaders=${names}, Signature=${signature}` };
}

it('a request that is signed is still valid, and its retry too', async () => {
  const verdicts: string[] = [];
  const { port } = await httpsServer(async (req, res) => {
    let body = '';
    for await (const chunk of req) {
      body += chunk;
    }
    const [, names = '', signature] =
      /SignedHeaders=([^,]*), Signature=(.*)/.exec(req.headers.authorization ?? '') ?? [];
    const valid =
      signature === signatureOf(req.method ?? '', req.url ?? '', req.headers as Signed, names, body);
    verdicts.push(`${valid ? 'valid' : 'forged'}, ${req.headersDistinct.traceparent?.length} traceparent`);
    res.writeHead(verdicts.length === 1 ? 503 : 200).end();
  });
  telemetry.instrument();
  const agent = httpsAgent({ ca: CA });
  const body = '{"hello":"world"}';
  // As the SDKs do: what was signed is sent again as it is.
  const headers = sign('PUT', '/bucket/key', `127.0.0.1:${port}`, body);
  const send = () => {
    const request = https.request({
      host: '127.0.0.1',
      port,
      path: '/bucket/key',
      method: 'PUT',
      headers,
      agent,
    });
    const answer = answerOf(request);
    request.end(body);
    return answer;
  };

  const first = await send();
  const second = first.status === 503 ? await send() : first;

  expect(second.status).toBe(200);
  expect(verdicts).toEqual(['valid, 1 traceparent', 'valid, 1 traceparent']);
  expect(Object.keys(headers)).not.toContain('traceparent');
  expect((await telemetry.shown()).map(({ attributes }) => attributes['http.response.status_code'])).toEqual([
    503, 200,
  ]);
});
