import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quoteWord, quoteWords } from '../../src/lib/shell-quote.ts';

function throughShell(words: readonly string[]): string[] {
  const out = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${quoteWords(words)}`], { encoding: 'utf8' });
  return out.split('\0').slice(0, words.length);
}

describe('quoteWord', () => {
  test('leaves plain words as people would type them', () => {
    expect(quoteWord('/usr/local/bin/rke2')).toBe('/usr/local/bin/rke2');
  });

  test('an empty word stays a word', () => {
    expect(throughShell(['', 'a', ''])).toEqual(['', 'a', '']);
  });

  test('refuses NUL', () => {
    expect(() => quoteWord('a\0b')).toThrow(/NUL/);
  });

  test('every word comes out of a real /bin/sh as it went in', () => {
    const nasty = fc.constantFrom(
      "'",
      '"',
      '`',
      '$(',
      ')',
      '\\',
      '\n',
      '*',
      '~',
      '!',
      '-',
      '#',
      ';',
      '&',
      ' ',
      'ü',
      '🚜',
    );
    const word = fc
      .array(fc.oneof(nasty, fc.string({ unit: 'grapheme' })), { maxLength: 8 })
      .map((parts) => Buffer.from(parts.join('').replaceAll('\0', '')).toString());
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 40 }), (words) => {
        expect(throughShell(words)).toEqual(words);
      }),
      { numRuns: 60 },
    );
  });
});
