import type { ConversionEntry } from '../../domain/conversion.ts';
import { formatPath, type Path } from '../finding.ts';
import { isHarmless } from '../judge-keys.ts';
import type { LostKey } from '../keys/key.ts';
import { findRowValues, growKeyTree } from '../keys/key-tree.ts';
import { afterwards, type Draft, readDraft, removePlaces, type Story, toEntry } from './draft.ts';
import { duplicatesIn, placesOf } from './remove-keys.ts';

/** Of keys that stand twice in one map the last one stays, which is the one that RKE1 went by. */
export function dropDuplicates(draft: Draft): Draft {
  const { document } = readDraft(draft);
  const places = duplicatesIn(document);
  const entries = [...places].flatMap(([holder, indexes]) =>
    [...indexes].map((index): ConversionEntry => {
      const { key, range } = readKey(holder.items[index]);
      return {
        kind: 'changed',
        path: key,
        line: range === null ? null : (draft.lines.text.slice(0, range).split('\n').length ?? null),
        message: `\`${key}\` stands twice in one map. The later one stays: it is the one that RKE1 went by.`,
        hint: null,
      };
    }),
  );
  return entries.length === 0 ? draft : removePlaces(draft, document, places, entries);
}

function readKey(item: unknown): { readonly key: string; readonly range: number | null } {
  const key = (item as { key?: { value?: unknown; range?: readonly number[] } }).key;
  return { key: String(key?.value ?? ''), range: key?.range?.[0] ?? null };
}

/**
 * Takes out every key that RKE2 has no place for. Of those that asked for nothing only the names are told, and an empty
 * one goes without a word; of a key that stands in many nodes the first is told, with the number of the others.
 */
export function dropLostKeys(draft: Draft): Draft {
  const { document, value } = readDraft(draft);
  const lost = growKeyTree(({ entry }) => entry.fate === 'warned' || entry.fate === 'refused');
  const paths = new Map<string, Path>();
  const told = new Map<LostKey, { readonly path: Path; count: number }>();
  const idle = new Map<LostKey, Path>();
  for (const { path: found, row, value: each } of findRowValues(value, lost)) {
    const path = withoutIndex(found);
    if (path.some((_step, depth) => paths.has(formatPath(path.slice(0, depth + 1))))) continue;
    paths.set(formatPath(path), path);
    const entry = row.entry as LostKey;
    if (isHarmless(each, entry.harmless)) {
      if (!isEmpty(each) && !idle.has(entry)) idle.set(entry, path);
      continue;
    }
    const before = told.get(entry);
    if (before) before.count += 1;
    else told.set(entry, { path, count: 1 });
  }
  const stories = [
    ...[...told].map(([key, { path, count }]) => tell(key, path, count)),
    ...[...idle.values()].map((path): Story => ({ kind: 'dropped', path, message: IDLE, hint: null })),
  ];
  const entries = stories.map((story) => toEntry(draft, document, story));
  return paths.size === 0
    ? draft
    : removePlaces(draft, document, placesOf(document, [...paths.values()]), entries);
}

const IDLE = 'Asked for nothing, or for what RKE2 does anyhow.';

function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isEmpty);
  return value === null || value === undefined || value === '';
}

/** The key itself where the walk went into a list behind it. */
function withoutIndex(path: Path): Path {
  return path.slice(0, path.findLastIndex((step) => typeof step === 'string') + 1);
}

function tell(key: LostKey, path: Path, count: number): Story {
  const others = count === 1 ? '' : ` (${count} times in the file.)`;
  return {
    kind: key.fate === 'refused' ? 'decision' : 'dropped',
    path,
    message: `${key.why}${others}`,
    hint: afterwards(key.instead),
  };
}
