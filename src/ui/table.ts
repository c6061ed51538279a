import { fitText, textWidth } from './fit-text.ts';
import type { Style } from './style.ts';

/** A column: its heading and on which side its cells stand. `paint` colours a cell after it was measured. */
export interface Column {
  readonly heading: string;
  readonly align?: 'left' | 'right';
  readonly paint?: (cell: string, row: readonly string[]) => string;
}

const GAP = '  ';

/**
 * Rows as lines with aligned columns under headings, without trailing spaces. Cells hold one line of clean text; on a
 * terminal the last column is cut to what fits.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: Style,
): string {
  const widths = columns.map((column, index) =>
    Math.max(textWidth(column.heading), ...rows.map((row) => textWidth(row[index] ?? ''))),
  );
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP.length, 0);
  const last = columns.length - 1;
  const room = style.width === null ? null : Math.max(style.width - before, 10);
  const line = (cells: readonly string[], paint: (cell: string, column: Column) => string) =>
    columns
      .map((column, index) => {
        const cell = cells[index] ?? '';
        const fitted = index === last && room !== null ? fitText(cell, room, style.symbols.ellipsis) : cell;
        const painted = paint(fitted, column);
        const space = ' '.repeat(Math.max(0, (widths[index] ?? 0) - textWidth(fitted)));
        if (column.align === 'right') return space + painted;
        return index === last ? painted : painted + space;
      })
      .join(GAP)
      .trimEnd();
  const heading = line(
    columns.map((column) => column.heading),
    (cell) => style.dim(cell),
  );
  const body = rows.map((row) => line(row, (cell, column) => column.paint?.(cell, row) ?? cell));
  return [heading, ...body].map((each) => `${each}\n`).join('');
}

/** `1 node`, `2 nodes`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
