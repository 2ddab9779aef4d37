import { describe, expect, it } from 'vitest';
import { sanitize, textWidth, truncate, truncateMiddle, wrap } from '../../src/waterfall/text.js';

describe('textWidth', () => {
  it.each([
    ['plain', 5],
    ['…·█◆└', 5],
    ['検索', 4],
    ['ｆｕｌｌ', 8],
    ['한국', 4],
    ['🚀', 2],
    ['\u2764', 1],
    ['\u2764\ufe0f', 2],
    ['e\u0301', 1],
    ['🇩🇪', 4],
    ['👩\u200d💻', 4],
    ['', 0],
  ])('of %j is %i', (text, width) => {
    expect(textWidth(text)).toBe(width);
  });
});

describe('sanitize', () => {
  it.each([
    ['\u001b[31m', '␛[31m'],
    ['\u001b]0;title\u0007', '␛]0;title␇'],
    ['a\r\nb\tc', 'a␍␊b␉c'],
    ['\u007f', '␡'],
    ['\u009b31m', '\ufffd31m'],
    ['a\u202eb\u2066c', 'a\ufffdb\ufffdc'],
    ['\u2028\u2029', '\ufffd\ufffd'],
    ['\ud800', '\ufffd'],
    ['zero\u200bwidth\ufeff', 'zero\ufffdwidth\ufffd'],
    ['👩\u200d💻 検索', '👩\u200d💻 検索'],
  ])('shows %j as %j', (text, shown) => {
    expect(sanitize(text)).toBe(shown);
  });

  it('looks at no more than 2,000 characters', () => {
    expect(sanitize('x'.repeat(1_000_000))).toHaveLength(2_000);
  });
});

describe('truncate', () => {
  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdef', 5, 'abcd…'],
    ['abcdef', 1, '…'],
    ['abcdef', 0, ''],
    ['検索検索', 7, '検索検…'],
    ['検索検索', 6, '検索…'],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
  ])('%j to %i columns is %j', (text, width, cut) => {
    expect(truncate(text, width)).toBe(cut);
  });
});

describe('truncateMiddle', () => {
  it.each([
    ['https://a.example/end', 21, 'https://a.example/end'],
    ['https://a.example/some/long/path/end', 16, 'https://a.…h/end'],
    ['検索検索検索', 7, '検索…索'],
    ['abcdef', 2, 'a…'],
  ])('%j to %i columns is %j', (text, width, cut) => {
    expect(truncateMiddle(text, width)).toBe(cut);
  });
});

describe('wrap', () => {
  it.each([
    ['fits', 10, ['fits']],
    ['two words', 5, ['two', 'words']],
    ['a longerword b', 6, ['a', 'longer', 'word b']],
    ['検索検索', 5, ['検索', '検索']],
    ['検', 1, ['…']],
    ['', 5, ['']],
  ])('%j at %i columns is %j', (text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines);
  });
});
