import { describe } from 'vitest';
import { testBesideBoth } from '../../support/peers/beside-both.js';

describe('registered in the order: undici, http, ours', () => testBesideBoth(['undici', 'http', 'ours']));
