/** A text that is being edited and still knows where each of its lines stood before. */
export interface LineText {
  readonly text: string;
  /** By line: its 1-based number in the text before any edit; null for lines that came in. */
  readonly origins: readonly (number | null)[];
}

/** Replaces `[start, end)` by `text`. Offsets count from the start of the text that all edits of one call are for. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export function toLineText(text: string): LineText {
  return { text, origins: text.split('\n').map((_line, index) => index + 1) };
}

/** Makes all edits, which must not overlap. A line keeps the old number of the first character of it that stays. */
export function applyEdits({ text, origins }: LineText, edits: readonly Edit[]): LineText {
  const parts: string[] = [];
  const numbers: (number | null)[] = [];
  let at = 0;
  let line = 0;
  let current: number | null = null;
  const keepUntil = (end: number): void => {
    while (at < end) {
      current ??= origins[line] ?? null;
      const next = text.indexOf('\n', at);
      if (next === -1 || next >= end) break;
      numbers.push(current);
      current = null;
      at = next + 1;
      line += 1;
    }
    at = end;
  };
  for (const { start, end, text: inserted } of edits.toSorted((a, b) => a.start - b.start)) {
    parts.push(text.slice(at, start), inserted);
    keepUntil(start);
    for (const _break of inserted.matchAll(/\n/g)) {
      numbers.push(current);
      current = null;
    }
    line += text.slice(start, end).split('\n').length - 1;
    at = end;
  }
  parts.push(text.slice(at));
  keepUntil(text.length);
  return { text: parts.join(''), origins: [...numbers, current ?? origins[line] ?? null] };
}

/** 0-based number of the line that holds `offset`. */
export function lineAt(text: string, offset: number): number {
  let line = 0;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

/** Offset of the first character of the line that holds `offset`. */
export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Offset behind the line that holds `offset`, its line break included. */
export function lineEnd(text: string, offset: number): number {
  const at = text.indexOf('\n', offset);
  return at === -1 ? text.length : at + 1;
}
