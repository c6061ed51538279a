import { styleText } from 'node:util';

/** How words look on one output; the only thing that views ask about colour. Decided once, then handed around. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly green: (text: string) => string;
  readonly symbols: Symbols;
  /** Columns at which prose is wrapped; null where lines stay whole, as in pipes and files. */
  readonly width: number | null;
}

export interface Symbols {
  readonly done: string;
  readonly failed: string;
  readonly warning: string;
  readonly hint: string;
  readonly ellipsis: string;
  readonly separator: string;
}

const UNICODE: Symbols = { done: '✓', failed: '✗', warning: '!', hint: '→', ellipsis: '…', separator: '·' };
const ASCII: Symbols = { done: '+', failed: 'x', warning: '!', hint: '->', ellipsis: '...', separator: '|' };

/** No colour, no wrapping: what pipes, files and tests get. */
export const PLAIN_STYLE: Style = makeStyle({ color: false, unicode: true, width: null });

/** What decides: the environment and what the stream says of itself. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
  readonly columns: number | undefined;
}

/** Colour where NO_COLOR, FORCE_COLOR, TERM and the stream allow it; plain signs where the locale has no UTF-8. */
export function decideStyle({ env, isTerminal, columns }: Surroundings): Style {
  return makeStyle({
    color: wantsColor(env, isTerminal),
    unicode: !isTerminal || /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''),
    width: isTerminal ? Math.min(Math.max(columns ?? 80, 20), 110) : null,
  });
}

function wantsColor(env: Surroundings['env'], isTerminal: boolean): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR'] !== undefined) return env['FORCE_COLOR'] !== '0' && env['FORCE_COLOR'] !== 'false';
  return isTerminal && env['TERM'] !== 'dumb';
}

function makeStyle(options: { color: boolean; unicode: boolean; width: number | null }): Style {
  const paint = (format: Parameters<typeof styleText>[0]) =>
    // Whether to colour is decided here and nowhere else; newer Node would ask stdout again.
    options.color
      ? (text: string) => styleText(format, text, { validateStream: false })
      : (text: string) => text;
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    yellow: paint('yellow'),
    green: paint('green'),
    symbols: options.unicode ? UNICODE : ASCII,
    width: options.width,
  };
}
