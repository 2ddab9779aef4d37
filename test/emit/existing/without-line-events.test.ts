import { describe } from 'vitest';
import { testWithoutLine } from '../../support/peers/without-line.js';

describe("with phases: 'events', and no requestHook of the others", () => testWithoutLine('events'));
