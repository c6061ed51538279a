import type { ConversionEntry, ConversionKind } from '../domain/conversion.ts';
import { cleanText } from './clean-text.ts';
import { wrapText } from './fit-text.ts';
import type { Style } from './style.ts';
import { countText } from './table.ts';

const HEADINGS: Readonly<Record<ConversionKind, string>> = {
  decision: 'Needs your decision',
  changed: 'Changed',
  dropped: 'Dropped',
  carried: 'Carried over as it is',
};

/** What became of each key of an old file: decisions first, and what was merely carried in one paragraph. */
export function renderConversion(
  entries: readonly ConversionEntry[],
  { file, into }: { readonly file: string; readonly into: string | null },
  style: Style,
): string {
  const of = (kind: ConversionKind) => entries.filter((entry) => entry.kind === kind);
  const blocks = (['decision', 'changed', 'dropped'] as const).flatMap((kind) => {
    const told = groupAlike(of(kind));
    if (told.length === 0) return [];
    const paint = kind === 'decision' ? style.yellow : style.bold;
    return [`${paint(HEADINGS[kind])}\n${told.map((group) => renderGroup(group, file, style)).join('')}`];
  });
  const carried = of('carried');
  if (carried.length > 0) blocks.push(renderCarried(carried, style));
  return `${[...blocks, `${sum(entries, file, into)}\n`].join('\n')}`;
}

interface Group {
  readonly places: readonly ConversionEntry[];
  readonly message: string;
  readonly hint: string | null;
}

/** What is said of several keys alike is said once. */
function groupAlike(entries: readonly ConversionEntry[]): readonly Group[] {
  const groups = new Map<string, ConversionEntry[]>();
  for (const entry of entries) {
    const key = JSON.stringify([entry.message, entry.hint]);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()].flatMap((places) => {
    const [first] = places;
    return first === undefined ? [] : [{ places, message: first.message, hint: first.hint }];
  });
}

function renderGroup(
  { places, message, hint }: Group,
  file: string,
  { symbols, width, bold, dim }: Style,
): string {
  const names = places.flatMap(({ path, line }) => {
    if (path === '') return [];
    return [line === null ? bold(path) : `${bold(path)} ${dim(`(${file}:${line})`)}`];
  });
  const room = (used: number) => (width === null ? null : width - used);
  const margin = ' '.repeat(symbols.hint.length + 1);
  // Without a key above it, what is said must not look like one more word about the key before.
  const indent = names.length === 0 ? '  ' : '    ';
  return [
    ...wrapText(names.join(', '), room(2)).flatMap((line) => (line === '' ? [] : [`  ${line}\n`])),
    ...wrapText(cleanText(message), room(indent.length)).map((line) => `${indent}${line}\n`),
    ...(hint === null ? [] : wrapText(cleanText(hint), room(5 + symbols.hint.length))).map(
      (line, index) => `    ${index === 0 ? `${symbols.hint} ` : margin}${line}\n`,
    ),
  ].join('');
}

function renderCarried(carried: readonly ConversionEntry[], { width, bold }: Style): string {
  const names = carried.map(({ path }) => path).join(', ');
  const lines = wrapText(names, width === null ? null : width - 2);
  return `${bold(HEADINGS.carried)}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function sum(entries: readonly ConversionEntry[], file: string, into: string | null): string {
  const count = (kind: ConversionKind) => entries.filter((entry) => entry.kind === kind).length;
  const decisions = count('decision');
  const rest = `${countText(count('carried'), 'key')} carried, ${count('changed')} changed, ${count('dropped')} dropped`;
  const ask =
    decisions === 0
      ? 'nothing is left to decide'
      : decisions === 1
        ? '1 needs your decision'
        : `${decisions} need your decision`;
  return `${file}${into === null ? '' : ` → ${into}`}: ${rest}; ${ask}.`;
}
