import { type Document, isAlias, isCollection, isPair, isScalar, type Node, type Pair, visit } from 'yaml';
import type { Path } from '../finding.ts';
import { keyText } from '../yaml-position.ts';
import { type Collection, findPlace } from './find-place.ts';
import { type Edit, lineEnd, lineStart } from './line-text.ts';

/** Places in one document: keys of its maps and entries of its lists, by the collection that holds them. */
export type Places = ReadonlyMap<Collection, ReadonlySet<number>>;

/** Where the keys and entries at `paths` stand; what a merge (`<<`) brings is found where it is written. */
export function placesOf(document: Document.Parsed, paths: readonly Path[]): Places {
  const places = new Map<Collection, Set<number>>();
  for (const path of paths) {
    const found = findPlace(document, path);
    if (found === null) continue;
    places.set(found.holder, (places.get(found.holder) ?? new Set()).add(found.index));
  }
  return places;
}

/** All but the last of the keys that one map has several times: readers before YAML 1.2 took the last. */
export function duplicatesIn(document: Document.Parsed): Places {
  const places = new Map<Collection, Set<number>>();
  visit(document, {
    Map(_key, map) {
      const last = new Map(map.items.map((pair, index) => [keyText(pair.key), index]));
      const earlier = map.items.flatMap((pair, index) =>
        last.get(keyText(pair.key)) === index ? [] : [index],
      );
      if (earlier.length > 0) places.set(map, new Set(earlier));
    },
  });
  return places;
}

/**
 * The edits that take these places out of the text, with the comments that stand right above each of them or are indented
 * below it. Null when something else in the file refers to what would go.
 */
export function removalsOf(document: Document.Parsed, text: string, places: Places): readonly Edit[] | null {
  const whole = withEmptied(document, places);
  const removed = [...whole].flatMap(([holder, indexes]) =>
    [...indexes].map((index) => holder.items[index] as Pair | Node),
  );
  if (losesAnchor(document, removed)) return null;
  const inside = new Set<unknown>();
  for (const item of removed) visit(item as Node, (_key, node) => void inside.add(node));
  const edits = [...whole]
    .filter(([holder]) => !inside.has(holder))
    .flatMap(([holder, indexes]) => editsIn(holder, indexes, text));
  return joinNeighbours(edits).map((edit) => eatBlankLines(edit, text));
}

/** Lines that go one after the other go as one. */
function joinNeighbours(edits: readonly Edit[]): readonly Edit[] {
  const joined: Edit[] = [];
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    const before = joined.at(-1);
    if (before && before.end >= edit.start && before.text === '' && edit.text === '')
      joined.splice(-1, 1, { ...before, end: Math.max(before.end, edit.end) });
    else joined.push(edit);
  }
  return joined;
}

/** Of the blank lines above and below whole lines that go, one lot is enough. */
function eatBlankLines(edit: Edit, text: string): Edit {
  const { start } = edit;
  let { end } = edit;
  const isWhole = start === lineStart(text, start) && (end === text.length || text[end - 1] === '\n');
  const isAfterBlank = start === 0 || text.slice(lineStart(text, start - 1), start).trim() === '';
  if (!isWhole || !isAfterBlank) return edit;
  while (end < text.length && text.slice(end, lineEnd(text, end)).trim() === '') end = lineEnd(text, end);
  return { ...edit, end };
}

/** A map or list of which nothing would be left goes as a whole, and so on upwards. */
function withEmptied(document: Document.Parsed, places: Places): Places {
  const whole = new Map([...places].map(([holder, indexes]) => [holder, new Set(indexes)]));
  const climb = (node: unknown, holder: Collection | null, index: number): void => {
    const value = isPair(node) ? node.value : node;
    if (!isCollection(value)) return;
    for (const [at, item] of value.items.entries()) climb(item, value as Collection, at);
    const gone = whole.get(value as Collection);
    if (holder === null || gone === undefined || gone.size < value.items.length) return;
    whole.set(holder, (whole.get(holder) ?? new Set()).add(index));
  };
  climb(document.contents, null, 0);
  return whole;
}

/** Whether an anchor would go that an alias elsewhere still stands for. */
function losesAnchor(document: Document.Parsed, removed: readonly (Pair | Node)[]): boolean {
  const anchors = new Set<string>();
  const within = new Set<unknown>();
  for (const item of removed) {
    visit(item as Node, (_key, node) => {
      within.add(node);
      if (!isPair(node) && 'anchor' in (node as object) && (node as { anchor?: string }).anchor)
        anchors.add((node as { anchor: string }).anchor);
    });
  }
  let isLost = false;
  visit(document, {
    Alias: (_key, alias) => {
      if (anchors.has(alias.source) && !within.has(alias)) isLost = true;
    },
  });
  return isLost;
}

function editsIn(holder: Collection, indexes: ReadonlySet<number>, text: string): readonly Edit[] {
  const items = holder.items as readonly (Pair | Node)[];
  if (holder.flow) return editsInline(items, indexes, text);
  const edits: Edit[] = [];
  const kept = items.findIndex((_item, index) => !indexes.has(index));
  const first = items[0];
  const start = first === undefined ? 0 : beginOf(first, text);
  // The first key of a list's entry shares its line with the dash, which the next key takes over.
  const isBehindDash = /^ *(?:- +)+$/.test(text.slice(lineStart(text, start), start));
  const skipped = isBehindDash && kept > 0 ? kept : 0;
  if (skipped > 0) edits.push({ start, end: beginOf(items[skipped] as Pair | Node, text), text: '' });
  for (const index of indexes) {
    const item = items[index];
    if (index >= skipped && item !== undefined) edits.push(removeLines(item, text));
  }
  return edits;
}

/** Pairs or entries of `{…}` or `[…]`, of which some stay, with the commas that part them from their neighbours. */
function editsInline(
  items: readonly (Pair | Node)[],
  removed: ReadonlySet<number>,
  text: string,
): readonly Edit[] {
  const lastKept = items.findLastIndex((_item, index) => !removed.has(index));
  const before = [...removed].filter((index) => index < lastKept);
  const edits = before.map((index) => ({
    start: startOf(items[index] as Pair | Node),
    end: startOf(items[index + 1] as Pair | Node),
    text: '',
  }));
  const last = items.at(-1);
  const kept = items[lastKept];
  if (last === undefined || kept === undefined || lastKept === items.length - 1) return edits;
  return [...edits, { start: endOf(kept, text), end: endOf(last, text), text: '' }];
}

function removeLines(item: Pair | Node, text: string): Edit {
  const start = beginOf(item, text);
  const column = start - lineStart(text, start);
  let from = lineStart(text, start);
  const indent = text.slice(from, start).replace(/-.*$/, '').length;
  while (from > 0) {
    const above = lineStart(text, from - 1);
    const line = text.slice(above, from - 1);
    if (!/^ *#/.test(line) || line.search(/#/) !== indent) break;
    from = above;
  }
  let to = lineEnd(text, Math.max(endOf(item, text) - 1, start));
  for (let next = to; next < text.length; next = lineEnd(text, next)) {
    const line = text.slice(next, lineEnd(text, next)).trimEnd();
    if (line !== '' && !(/^ *#/.test(line) && line.search(/#/) > Math.min(column, indent))) break;
    if (line !== '') to = lineEnd(text, next);
  }
  return { start: from, end: to, text: '' };
}

/** Where a key begins, or the dash of a list's entry; the dash may stand a line or more above, with a comment. */
function beginOf(item: Pair | Node, text: string): number {
  const start = startOf(item);
  if (isPair(item)) return start;
  let line = lineStart(text, start);
  const dash = /-(?:[ \t]+[&!]\S*)*[ \t]+$/.exec(text.slice(line, start));
  if (dash) return line + dash.index;
  while (line > 0) {
    line = lineStart(text, line - 1);
    const above = /^( *(?:- +)*)-(?:[ \t]+[&!]\S*)*[ \t]*(?:#.*)?$/.exec(
      text.slice(line, lineEnd(text, line)).trimEnd(),
    );
    if (above) return line + (above[1] ?? '').length;
  }
  return start;
}

function startOf(item: Pair | Node): number {
  const node = (isPair(item) ? item.key : item) as Node | null;
  return node?.range?.[0] ?? 0;
}

/** Behind the last character that the item has of its own. */
function endOf(item: Pair | Node, text: string): number {
  let end = startOf(item);
  visit(item as Node, (_key, node) => {
    if (isPair(node)) return;
    const { range, flow } = node as Node & { flow?: boolean };
    if (range && (isScalar(node) || isAlias(node) || flow)) end = Math.max(end, range[1]);
  });
  return end - (/\s*$/.exec(text.slice(0, end))?.[0].length ?? 0);
}
