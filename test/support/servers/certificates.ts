import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DIRECTORY = join(__dirname, '..', '..', 'certs');

/** What signed the certificates of all servers of the tests. */
export const CA = readFileSync(join(DIRECTORY, 'ca.pem'), 'utf8');

/** What a TLS server needs to be `localhost` (and 127.0.0.1), somebody else, or out of date. */
export function certificate(name: 'localhost' | 'wrong-host' | 'expired'): { key: string; cert: string } {
  return {
    key: readFileSync(join(DIRECTORY, `${name}.key`), 'utf8'),
    cert: readFileSync(join(DIRECTORY, `${name}.pem`), 'utf8'),
  };
}
