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

/** Makes all edits, which must not overlap; what an edit leaves of its lines keeps their old numbers. */
export function applyEdits(before: LineText, edits: readonly Edit[]): LineText {
  return edits.toSorted((a, b) => b.start - a.start).reduce(applyEdit, before);
}

function applyEdit({ text, origins }: LineText, { start, end, text: inserted }: Edit): LineText {
  const first = lineAt(text, start);
  const last = lineAt(text, end);
  const isWhole = start === lineStart(text, start);
  const count = inserted.split('\n').length;
  const kept = (line: number): number | null => origins[line] ?? null;
  const middle =
    count === 1
      ? [isWhole && inserted === '' ? kept(last) : kept(first)]
      : [kept(first), ...Array<null>(count - 2).fill(null), isWhole ? kept(last) : null];
  return {
    text: text.slice(0, start) + inserted + text.slice(end),
    origins: [...origins.slice(0, first), ...middle, ...origins.slice(last + 1)],
  };
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
