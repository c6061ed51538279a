import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type Node, type Pair } from 'yaml';
import type { Path } from './finding.ts';

/** Offset in the text of the key or the value at `path`; of the nearest thing above it when it is not in the file. */
export function findOffset(document: Document.Parsed, path: Path, at: 'key' | 'value'): number {
  let node: Node | null = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [index, step] of path.entries()) {
    const container = deref(node, document);
    const isLast = index === path.length - 1;
    if (isSeq(container) && typeof step === 'number') {
      node = (container.items[step] as Node | undefined) ?? null;
      if (!node) return offset;
      offset = startOf(node) ?? offset;
      continue;
    }
    const pair = isMap(container) ? findPair(container.items, String(step), document) : null;
    if (!pair) return offset;
    const key = startOf(pair.key) ?? offset;
    node = pair.value as Node | null;
    const isEmpty = node === null || (isScalar(node) && node.value === null && !node.source);
    offset =
      (isLast && at === 'key') || isEmpty ? key : isLast || isInline(node) ? (startOf(node) ?? key) : key;
  }
  return offset;
}

/** A flow collection or scalar begins where its value stands; a block is better shown by its key. */
function isInline(node: Node | null): boolean {
  return !((isMap(node) || isSeq(node)) && !node.flow);
}

/** The pair of that key; one from a merge (`<<`) when the map has none of its own. */
function findPair(items: readonly unknown[], key: string, document: Document.Parsed): Pair | null {
  const pairs = items.filter(isPair);
  const own = pairs.findLast((pair) => keyText(pair.key) === key);
  if (own) return own;
  for (const merge of pairs.filter((pair) => keyText(pair.key) === '<<')) {
    const source = deref(merge.value as Node | null, document);
    const maps = isSeq(source) ? source.items.map((item) => deref(item as Node, document)) : [source];
    for (const map of maps) {
      const pair = isMap(map) ? findPair(map.items, key, document) : null;
      if (pair) return pair;
    }
  }
  return null;
}

/** A key as it is written; empty for keys that are no plain values. */
export function keyText(key: unknown): string {
  return isScalar(key) ? (key.source ?? String(key.value ?? '')) : '';
}

/** What an alias stands for; any other node is itself. */
export function deref(node: Node | null, document: Document.Parsed): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node;
}

function startOf(node: unknown): number | null {
  return (node as Node | null)?.range?.[0] ?? null;
}
