import type { Origin } from './file-set.ts';

/**
 * The place in the file of a line and column inside a text that is written as a literal block (`key: |-`) at `start`;
 * `start` itself when the text is written in another way, in which lines are not what they look like.
 */
export function locateInBlock(
  file: string,
  start: Origin,
  { column, line }: { readonly line: number; readonly column: number },
): Origin {
  const lines = file.split(/\r?\n/);
  if (!/^\|[-+0-9]*[ \t]*(#.*)?$/.test((lines[start.line - 1] ?? '').slice(start.column - 1))) return start;
  const first = lines.slice(start.line).find((each) => each.trim() !== '') ?? '';
  const indent = first.length - first.trimStart().length;
  return { file: start.file, line: start.line + line, column: indent + column };
}
