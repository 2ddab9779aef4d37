import { describe, expect, it } from 'vitest';
import { terminalColors, terminalWidth } from '../../src/waterfall/terminal.js';

const TERMINAL = { columns: 72, isTTY: true, hasColors: () => true };
const PIPE = {};

describe('terminalWidth', () => {
  it.each([
    ['COLUMNS', { COLUMNS: '60' }, TERMINAL, 60],
    ['the terminal', {}, TERMINAL, 72],
    ['100 for a pipe', {}, PIPE, 100],
    ['the terminal when COLUMNS is empty', { COLUMNS: '' }, TERMINAL, 72],
    ['the terminal when COLUMNS is no number', { COLUMNS: 'wide' }, TERMINAL, 72],
    ['the terminal when COLUMNS is zero', { COLUMNS: '0' }, TERMINAL, 72],
    ['100 when a terminal says zero', {}, { columns: 0 }, 100],
  ])('is %s', (_what, env, stream, width) => {
    expect(terminalWidth(stream, env)).toBe(width);
  });
});

describe('terminalColors', () => {
  it.each([
    ['on in a terminal', {}, TERMINAL, true],
    ['off in a terminal without colours', {}, { ...TERMINAL, hasColors: () => false }, false],
    ['off in a pipe', {}, PIPE, false],
    ['off with NO_COLOR', { NO_COLOR: '1' }, TERMINAL, false],
    ['on with an empty NO_COLOR', { NO_COLOR: '' }, TERMINAL, true],
    ['on in a pipe with FORCE_COLOR', { FORCE_COLOR: '1' }, PIPE, true],
    ['on with an empty FORCE_COLOR', { FORCE_COLOR: '' }, PIPE, true],
    ['off with FORCE_COLOR=0', { FORCE_COLOR: '0' }, TERMINAL, false],
    ['on with both: FORCE_COLOR wins, as in Node', { FORCE_COLOR: '1', NO_COLOR: '1' }, PIPE, true],
  ])('are %s', (_what, env, stream, colors) => {
    expect(terminalColors(stream, env)).toBe(colors);
  });
});
