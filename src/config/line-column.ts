/** A place in a text; both numbers begin with 1. */
export interface LineColumn {
  readonly line: number;
  readonly column: number;
}

/** Counts the lines of a text once; gives what turns an offset into line and column. */
export function countLines(text: string): (offset: number) => LineColumn {
  const starts = [0];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return (offset) => toLineColumn(starts, Math.min(Math.max(offset, 0), text.length));
}

/** By halving: the last line that begins at or before the offset. */
function toLineColumn(starts: readonly number[], offset: number): LineColumn {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
}
