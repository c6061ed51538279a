import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanLine, cleanText } from '../../src/ui/clean-text.ts';
import { clockText, durationText } from '../../src/ui/duration-text.ts';
import { fitText, padText, textWidth, wrapText } from '../../src/ui/fit-text.ts';
import { decideStyle, PLAIN_STYLE } from '../../src/ui/style.ts';
import { renderTable } from '../../src/ui/table.ts';

describe('cleanText', () => {
  it.each([
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]0;owned\u0007title', 'title'],
    ['a\u001b[2Jb\u001b', 'ab'],
    ['bell\u0007 and \u009b31m', 'bell and '],
    ['10%\r20%\r\nnext', '10%\n20%\nnext'],
    ['a\tb', 'a  b'],
    ['user\u202egpj.exe\u2028', 'usergpj.exe'],
  ])('makes %j safe', (raw, clean) => {
    expect(cleanText(raw)).toBe(clean);
  });

  it('leaves nothing that could move the cursor', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the test is about them
        expect(cleanLine(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }),
    );
  });

  it('takes the last line that says something', () => {
    expect(cleanLine('first\nlast words\n\n  \n')).toBe('last words');
    expect(cleanLine('\n')).toBe('');
  });
});

describe('fitText', () => {
  it.each([
    ['short', 10, 'short'],
    ['much too long', 8, 'much to…'],
    ['日本語のホスト', 7, '日本語…'],
    ['日本語', 4, '日…'],
    ['👩‍👩‍👧‍👦 family', 5, '👩‍👩‍👧‍👦 f…'],
    ['abc', 1, 'a'],
    ['abc', 0, ''],
  ])('cuts %s to %i columns', (text, width, fitted) => {
    expect(fitText(text, width)).toBe(fitted);
  });

  it('never gives more columns than asked for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, width) => {
        expect(textWidth(fitText(text, width))).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('pads by columns, not by letters', () => {
    expect(padText('日本', 6)).toBe('日本  ');
    expect(padText('7', 3, 'right')).toBe('  7');
  });

  it('wraps between words only', () => {
    expect(wrapText('one two three', 10)).toEqual(['one two', 'three']);
    expect(wrapText('a-very-long-word-indeed x', 10)).toEqual(['a-very-long-word-indeed', 'x']);
    expect(wrapText('one\ntwo', null)).toEqual(['one', 'two']);
  });
});

describe('times', () => {
  it.each([
    [0, '0.0s', '0s'],
    [440, '0.4s', '0s'],
    [12_300, '12s', '12s'],
    [62_000, '1m02s', '1m02s'],
    [3_780_000, '1h03m', '1h03m'],
    [-5, '0.0s', '0s'],
  ])('%i ms', (ms, duration, clock) => {
    expect(durationText(ms)).toBe(duration);
    expect(clockText(ms)).toBe(clock);
  });
});

describe('decideStyle', () => {
  const red = (env: Record<string, string>, isTerminal: boolean) =>
    decideStyle({ env, isTerminal, columns: 80 }).red('x') !== 'x';
  it.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ TERM: 'dumb' }, true, false],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
  ])('of %j on a terminal: %s', (env, isTerminal, colored) => {
    expect(red(env, isTerminal)).toBe(colored);
  });

  it('uses plain signs where the locale has no UTF-8', () => {
    const of = (env: Record<string, string>) =>
      decideStyle({ env, isTerminal: true, columns: 80 }).symbols.done;
    expect(of({ LANG: 'C.UTF-8' })).toBe('✓');
    expect(of({ LANG: 'en_US.utf8', LC_ALL: 'C' })).toBe('+');
    expect(of({})).toBe('+');
  });
});

describe('renderTable', () => {
  it('aligns columns and leaves no trailing spaces', () => {
    const columns = [{ heading: 'NODE' }, { heading: 'TIME', align: 'right' as const }, { heading: '' }];
    const rows = [
      ['日本', '1m02s', ''],
      ['n2', '3s', 'words'],
    ];
    expect(renderTable(columns, rows, PLAIN_STYLE)).toBe('NODE   TIME\n日本  1m02s\nn2       3s  words\n');
  });

  it('cuts the last column on a terminal', () => {
    const style = decideStyle({ env: { NO_COLOR: '1', LANG: 'C.UTF-8' }, isTerminal: true, columns: 24 });
    const table = renderTable([{ heading: 'A' }, { heading: 'B' }], [['a', 'x'.repeat(40)]], style);
    expect(Math.max(...table.split('\n').map(textWidth))).toBe(24);
  });
});
