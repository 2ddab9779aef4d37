import { describe } from 'vitest';
import { testClientBesideHttp } from '../../../support/peers/beside-http-client.js';

describe('with @opentelemetry/instrumentation-http registered second', () => testClientBesideHttp('ours'));
