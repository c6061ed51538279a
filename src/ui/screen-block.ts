import { textWidth } from './fit-text.ts';

/** The terminal as the live view needs it; node's tty.WriteStream is one. */
export interface TerminalStream {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
  on?(event: 'resize', listener: () => void): unknown;
  off?(event: 'resize', listener: () => void): unknown;
}

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_TO_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** Some lines at the bottom of a terminal that can be drawn anew in place, and text that goes above them for good. */
export interface ScreenBlock {
  /** Puts `above` (whole lines) over the block and draws the block's new lines, in one write. */
  draw(lines: readonly string[], above?: string): void;
  /** Takes the block off the screen and shows the cursor again. */
  clear(): void;
}

/** A block on this terminal. The cursor is hidden while the block stands, and comes back even when the process exits. */
export function createScreenBlock(stream: TerminalStream): ScreenBlock {
  let drawn: readonly string[] = [];
  let hidden = false;
  const restore = () => {
    if (hidden) stream.write(SHOW_CURSOR);
    hidden = false;
  };

  /** Back to the block's first line. A terminal made narrower has broken long lines in two; those rows count, too. */
  const goBack = () => {
    const columns = stream.columns ?? 80;
    const below = drawn.slice(0, -1).reduce((sum, line) => sum + rowsOf(line, columns), 0);
    const last = rowsOf(drawn.at(-1) ?? '', columns) - 1;
    const up = Math.min(below + last, Math.max(0, (stream.rows ?? 24) - 1));
    return `\r${up > 0 ? `\u001b[${up}A` : ''}`;
  };

  return {
    draw: (lines, above = '') => {
      const hide = hidden ? '' : HIDE_CURSOR;
      if (!hidden) process.once('exit', restore);
      hidden = true;
      const back = drawn.length === 0 ? '' : goBack();
      const over = above === '' ? '' : above.replaceAll('\n', `${CLEAR_TO_LINE_END}\n`);
      const block = lines.map((line) => `${line}${CLEAR_TO_LINE_END}`).join('\n');
      stream.write(`${hide}${back}${over}${block}${CLEAR_BELOW}`);
      drawn = lines;
    },
    clear: () => {
      if (drawn.length > 0) stream.write(`${goBack()}${CLEAR_BELOW}`);
      drawn = [];
      process.off('exit', restore);
      restore();
    },
  };
}

function rowsOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(textWidth(line) / Math.max(1, columns)));
}
