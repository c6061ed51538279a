import { describeKey, describeOrigin, SECRET_WORDS, writeExample } from '../../config/describe-key.ts';
import { isLost } from '../../config/find-key.ts';
import type { KeyRow } from '../../config/keys/key-table.ts';
import { ownedKeys } from '../../config/owned-keys.ts';
import type { ConfigKey } from '../../rke2/config-keys.ts';
import { textWidth, wrapText } from '../../ui/fit-text.ts';
import type { Style } from '../../ui/style.ts';

const INDENT = '  ';

/** One key for people: what it is, what holds without it, what becomes of it, how it is written, and the keys below. */
export function renderKey(row: KeyRow, below: readonly KeyRow[], style: Style): string {
  const key = describeKey(row);
  const kind = [...(key.type === null ? [] : [plain(key.type)]), describeOrigin(key.origin)];
  if (key.lost !== null) {
    return block([
      heading(row.path, ['a key of RKE1 without a place in RKE2'], style),
      ...prose(key.description, style),
      ...fact('why', key.lost.why, style),
      ...fact('instead', key.lost.instead, style),
      ...(key.fate === 'refused' ? fact('a file with it', 'is not taken until the key is gone', style) : []),
    ]);
  }
  const [example] = key.examples;
  return block([
    heading(row.path, kind, style),
    ...prose(key.description, style),
    ...(key.default === null ? [] : fact('default', plain(key.default), style)),
    ...key.effects.flatMap((words) =>
      fact(firstWord(words), plain(words.slice(firstWord(words).length + 1)), style),
    ),
    ...(key.secret ? fact('', plain(SECRET_WORDS), style) : []),
    ...(example === undefined ? [] : ['', ...indent(writeExample(row.path, example, 'whole'))]),
    ...(below.every(isLost) ? [] : ['', `${INDENT}${style.dim('keys below')}`]),
    ...listKeys(below, style),
  ]);
}

/** The keys of the top, and how to go on from there. */
export function renderTopKeys(rows: readonly KeyRow[], style: Style): string {
  return block([
    'The keys of cluster.yml; `rke2ctl explain KEY` says more of one:',
    '',
    ...listKeys(rows, style),
  ]);
}

/** A key of RKE2's own config.yaml. */
export function renderRke2Key(
  path: string,
  { name, side, type, values, since }: ConfigKey,
  style: Style,
): string {
  const owned = ownedKeys().get(name);
  const sides = side === 'both' ? 'for rke2-server and rke2-agent' : 'for rke2-server';
  return block([
    heading(path, [TYPES[type], sides], style),
    ...prose(
      owned === undefined
        ? `The key ${name} of RKE2’s own config.yaml, passed on as it is written.`
        : `The key ${name} of RKE2’s own config.yaml, which cannot be set here. ${owned.hint}`,
      style,
    ),
    ...(values === undefined ? [] : fact('one of', values.join(', '), style)),
    ...(since === undefined ? [] : fact('since', since.join(', '), style)),
  ]);
}

const TYPES: Readonly<Record<ConfigKey['type'], string>> = {
  text: 'text',
  number: 'whole number',
  flag: 'true or false',
  list: 'list of text',
  duration: 'time such as 5m',
};

function heading(path: string, kind: readonly string[], style: Style): string {
  return `${style.bold(path)}${INDENT}${style.dim(kind.join(` ${style.symbols.separator} `))}`;
}

function firstWord(words: string): string {
  return words.split(' ')[0] ?? '';
}

function prose(text: string, style: Style): readonly string[] {
  return indent(wrapText(plain(text), room(style, INDENT.length)).join('\n'));
}

const LABEL = 9;

function fact(label: string, text: string, style: Style): readonly string[] {
  const margin = Math.max(LABEL, label.length + 1);
  return wrapText(text, room(style, INDENT.length + margin)).map(
    (line, index) => `${INDENT}${index === 0 ? style.dim(label.padEnd(margin)) : ' '.repeat(margin)}${line}`,
  );
}

/** Names in a column, and of each the first sentence; those without a place in RKE2 by their names alone. */
function listKeys(rows: readonly KeyRow[], style: Style): readonly string[] {
  const kept = rows.filter((row) => !isLost(row));
  const width = Math.max(0, ...kept.map((row) => textWidth(lastName(row)))) + 2;
  const lines = kept.flatMap((row) =>
    wrapText(plain(firstSentence(row)), room(style, 2 * INDENT.length + width)).map((line, index) =>
      `${INDENT}${INDENT}${index === 0 ? lastName(row).padEnd(width) : ' '.repeat(width)}${line}`.trimEnd(),
    ),
  );
  const lost = rows.filter(isLost).map(lastName);
  if (lost.length === 0) return lines;
  const words = `RKE1’s, without a place in RKE2: ${lost.join(', ')}.`;
  return [...lines, '', ...indent(wrapText(words, room(style, INDENT.length)).join('\n'))];
}

function lastName({ path }: KeyRow): string {
  return path.split('.').at(-1) ?? path;
}

function firstSentence({ description }: KeyRow): string {
  return /^.*?\.(?=\s|$)/s.exec(description)?.[0] ?? description;
}

/** Backticks are for pages; on a terminal names stand for themselves. */
function plain(text: string): string {
  return text.replaceAll('`', '');
}

function room(style: Style, margin: number): number | null {
  return style.width === null ? null : style.width - margin;
}

function indent(text: string): readonly string[] {
  return text.split('\n').map((line) => (line === '' ? '' : `${INDENT}${line}`));
}

function block(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
