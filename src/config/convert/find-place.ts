import { type Document, isAlias, isMap, isPair, isSeq, type Node } from 'yaml';
import type { Path } from '../finding.ts';
import { keyText } from '../yaml-position.ts';

/** A map or a list of a YAML document. */
export type Collection = Extract<Node, { items: unknown[] }>;

/** A key of a map or an entry of a list, by what holds it. */
export interface Place {
  readonly holder: Collection;
  readonly index: number;
}

/** The map or list that holds the key or entry at `path`, and where; null when there is none. */
export function findPlace(document: Document.Parsed, path: Path): Place | null {
  let node: Node | null = document.contents;
  for (const [depth, step] of path.entries()) {
    const place = placeIn(resolve(node, document), step, document);
    if (place === null) return null;
    if (depth === path.length - 1) return place;
    const item = place.holder.items[place.index];
    node = (isPair(item) ? item.value : item) as Node | null;
  }
  return null;
}

function placeIn(holder: Node | null, step: string | number, document: Document.Parsed): Place | null {
  if (isSeq(holder))
    return typeof step === 'number' && step < holder.items.length ? { holder, index: step } : null;
  if (!isMap(holder)) return null;
  const index = holder.items.findLastIndex((pair) => keyText(pair.key) === String(step));
  if (index !== -1) return { holder, index };
  for (const pair of holder.items.filter(({ key }) => keyText(key) === '<<')) {
    const source = resolve(pair.value as Node | null, document);
    for (const map of isSeq(source) ? source.items : [source]) {
      const place = placeIn(resolve(map as Node | null, document), step, document);
      if (place !== null) return place;
    }
  }
  return null;
}

function resolve(node: Node | null, document: Document.Parsed): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node;
}

/** The value behind the key, or the entry itself. */
export function nodeOf({ holder, index }: Place): Node | null {
  const item = holder.items[index];
  return (isPair(item) ? item.value : item) as Node | null;
}

/** Offset of the key, or of the entry. */
export function offsetOf({ holder, index }: Place): number | null {
  const item = holder.items[index];
  return ((isPair(item) ? item.key : item) as Node | null)?.range?.[0] ?? null;
}
