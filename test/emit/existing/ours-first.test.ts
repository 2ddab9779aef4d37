import { describe } from 'vitest';
import { testBesideBoth } from '../../support/peers/beside-both.js';

describe('registered in the order: ours, undici, http', () => testBesideBoth(['ours', 'undici', 'http']));
