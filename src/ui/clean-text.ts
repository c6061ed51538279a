import { stripVTControlCharacters } from 'node:util';

// C0 and C1 controls, and the signs that reorder or hide text: hosts' words must not move our cursor or fool a reader.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the very characters to be taken out
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Words from elsewhere as lines that are safe to show: no escape sequences, no controls, tabs as spaces. */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text.replaceAll('\r\n', '\n'))
    .replaceAll('\r', '\n')
    .replaceAll('\t', '  ')
    .replaceAll(UNSAFE, '');
}

/** The same on one line: of several lines, the last that says something. */
export function cleanLine(text: string): string {
  const lines = cleanText(text)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.at(-1) ?? '';
}
