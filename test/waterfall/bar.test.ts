import { describe, expect, it } from 'vitest';
import { axis, line, mark, solidBar } from '../../src/waterfall/bar.js';

/** Ten columns of ten milliseconds each. */
const SCALE = { start: 1_000, end: 1_100, width: 10 };

describe('solidBar', () => {
  it.each([
    ['the whole', 1_000, 1_100, '██████████'],
    ['an end within a column', 1_000, 1_025, '██▌'],
    ['a start within a column', 1_015, 1_030, ' ▐█'],
    ['less than a column', 1_020, 1_022.5, '  ▎'],
    ['less than a column, late in it', 1_027.5, 1_028.75, '  ▕'],
    ['half a column, late in it', 1_025, 1_030, '  ▐'],
    ['no time at all', 1_050, 1_050, '     ▏'],
    ['the very end', 1_100, 1_100, '         ▕'],
    ['outside, before', 900, 950, '▏'],
    ['outside, after', 1_200, 1_300, '         ▕'],
  ])('draws %s', (_what, start, end, text) => {
    expect(solidBar(start, end, SCALE)).toBe(text);
  });

  it('fills the width when everything happened at one moment', () => {
    expect(solidBar(5, 5, { start: 5, end: 5, width: 4 })).toBe('████');
  });
});

describe('line', () => {
  it.each([
    ['the whole', 1_000, 1_100, '━━━━━━━━━━'],
    ['halves of columns', 1_005, 1_025, '╺━╸'],
    ['less than half a column', 1_001, 1_002, '╸'],
    ['no time at all, late in a column', 1_005, 1_005, '╺'],
    ['a column', 1_010, 1_020, ' ━'],
  ])('draws %s', (_what, start, end, text) => {
    expect(line(start, end, SCALE)).toBe(text);
  });
});

describe('mark', () => {
  it.each([
    [1_000, '◆'],
    [1_030, '   ◆'],
    [1_100, '         ◆'],
    [2_000, '         ◆'],
  ])('of %d', (at, text) => {
    expect(mark(at, SCALE)).toBe(text);
  });
});

describe('axis', () => {
  it.each([
    ['ten milliseconds', { start: 0, end: 10, width: 40 }, '0         2.5 ms    5 ms      7.5 ms'],
    ['seconds', { start: 0, end: 3_000, width: 30 }, '0         1 s       2 s'],
    ['fractions', { start: 0, end: 0.4, width: 40 }, '0         0.1 ms    0.2 ms    0.3 ms'],
    ['no time', { start: 7, end: 7, width: 40 }, ''],
    ['no room', { start: 0, end: 7, width: 9 }, ''],
  ])('over %s', (_what, scale, text) => {
    expect(axis(scale)).toBe(text);
  });
});
