import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'fast-string-width';

let segmenter: Intl.Segmenter | null = null;

/** A column each, and nothing to take out: nearly all texts, and looked at a hundred times as fast. */
const PLAIN = /^[ -~]*$/;

/** Columns that a text takes on a terminal; wide characters take two, colours none. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  return stringWidth(stripVTControlCharacters(text));
}

/** A text without colours, cut to so many columns; what is cut off is shown by `ellipsis` where there is room for it. */
export function fitText(text: string, width: number, ellipsis = '…'): string {
  if (width <= 0) return '';
  if (textWidth(text) <= width) return text;
  const mark = textWidth(ellipsis) < width ? ellipsis : '';
  const room = width - textWidth(mark);
  let taken = '';
  let used = 0;
  for (const { segment } of graphemesOf(text)) {
    const size = textWidth(segment);
    if (used + size > room) break;
    taken += segment;
    used += size;
  }
  return taken + mark;
}

/** The segmenter takes 10 ms to make, which a command that cuts nothing need not wait for. */
function graphemesOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return segmenter.segment(text);
}

/** A text filled up with spaces to so many columns; longer ones stay as they are. */
export function padText(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'left' ? text + space : space + text;
}

/** Prose as lines of at most `width` columns, broken between words; null leaves it whole. Own line breaks are kept. */
export function wrapText(text: string, width: number | null): readonly string[] {
  return text.split('\n').flatMap((line) => (width === null ? [line] : wrapLine(line, Math.max(width, 10))));
}

function wrapLine(line: string, width: number): readonly string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`;
    if (current !== '' && textWidth(longer) > width) {
      lines.push(current);
      current = word;
    } else {
      current = longer;
    }
  }
  return [...lines, current];
}
