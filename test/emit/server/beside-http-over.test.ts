import { describe } from 'vitest';
import { testBesideHttp } from '../../support/peers/beside-http.js';

describe('with @opentelemetry/instrumentation-http registered first', () => testBesideHttp('theirs'));
