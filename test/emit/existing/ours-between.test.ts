import { describe } from 'vitest';
import { testBesideBoth } from '../../support/peers/beside-both.js';

describe('registered in the order: http, ours, undici', () => testBesideBoth(['http', 'ours', 'undici']));
