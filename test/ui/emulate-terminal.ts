import headless from '@xterm/headless';
import type { ConsoleStream } from '../../src/ui/console-view.ts';

/** A terminal that keeps what was written, and can show what a person would see of it. */
export interface EmulatedTerminal extends ConsoleStream {
  readonly chunks: readonly string[];
  columns: number;
  rows: number;
  resize(columns: number, rows: number): void;
  /** The lines on the screen from its top, without the empty ones below the text. */
  screen(): Promise<readonly string[]>;
  /** The same with what has scrolled away above. */
  history(): Promise<readonly string[]>;
  isCursorHidden(): boolean;
}

/** Everything goes through xterm.js only when it is looked at, so that fake clocks do not stop it. */
export function emulateTerminal(columns: number, rows: number): EmulatedTerminal {
  const chunks: string[] = [];
  const log: (string | { readonly columns: number; readonly rows: number })[] = [];
  const listeners = new Set<() => void>();
  const replay = async (fromTop: boolean) => {
    const terminal = new headless.Terminal({
      cols: columns,
      rows,
      scrollback: 10_000,
      convertEol: true,
      allowProposedApi: true,
    });
    for (const entry of log) {
      if (typeof entry === 'string') await new Promise<void>((resolve) => terminal.write(entry, resolve));
      else terminal.resize(entry.columns, entry.rows);
    }
    const { buffer } = terminal;
    const first = fromTop ? 0 : buffer.active.baseY;
    const lines = Array.from(
      { length: buffer.active.length - first },
      (_, index) => buffer.active.getLine(first + index)?.translateToString(true) ?? '',
    );
    terminal.dispose();
    while (lines.at(-1) === '') lines.pop();
    return lines;
  };
  return {
    chunks,
    columns,
    rows,
    isTTY: true,
    write: (text) => {
      chunks.push(text);
      log.push(text);
      return true;
    },
    on: (_, listener) => listeners.add(listener),
    off: (_, listener) => listeners.delete(listener),
    resize(newColumns, newRows) {
      this.columns = newColumns;
      this.rows = newRows;
      log.push({ columns: newColumns, rows: newRows });
      for (const listener of listeners) listener();
    },
    screen: () => replay(false),
    history: () => replay(true),
    isCursorHidden: () => {
      const text = chunks.join('');
      return text.lastIndexOf('\u001b[?25l') > text.lastIndexOf('\u001b[?25h');
    },
  };
}
