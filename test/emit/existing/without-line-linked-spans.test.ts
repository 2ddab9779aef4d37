import { describe } from 'vitest';
import { testWithoutLine } from '../../support/peers/without-line.js';

describe("with phases: 'linked-spans', and no requestHook of the others", () =>
  testWithoutLine('linked-spans'));
