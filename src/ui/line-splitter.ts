import { StringDecoder } from 'node:string_decoder';

/** Turns bytes that come in pieces into whole lines. */
export interface LineSplitter {
  push(chunk: Buffer): void;
  /** Gives what came after the last line's end, if anything did. */
  end(): void;
}

/** A line that never ends is given in parts of this many letters. */
const LONGEST_LINE = 1 << 20;

/** Calls `onLine` with each line, without its end; letters that are cut in two by a piece's end come out whole. */
export function splitLines(onLine: (line: string) => void): LineSplitter {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const take = (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    for (; rest.length > LONGEST_LINE; rest = rest.slice(LONGEST_LINE)) onLine(rest.slice(0, LONGEST_LINE));
  };
  return {
    push: (chunk) => take(decoder.write(chunk)),
    end: () => {
      take(decoder.end());
      if (rest !== '') onLine(rest);
      rest = '';
    },
  };
}
