import { describe } from 'vitest';
import { testBesideHttp } from '../../support/beside-http.js';

describe('with @opentelemetry/instrumentation-http registered after us', () => testBesideHttp('ours'));
