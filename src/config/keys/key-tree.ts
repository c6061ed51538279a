import type { Path } from '../finding.ts';
import { type KeyRow, keyTable } from './key-table.ts';

/** Rows of the table of keys as a tree, along which a file is walked once, whatever its size. Lists have no level of their own. */
export interface KeyTree {
  row: KeyRow | null;
  readonly below: Map<string, KeyTree>;
}

/** The rows for which `isWanted`, and what leads to them. */
export function growKeyTree(isWanted: (row: KeyRow) => boolean): KeyTree {
  const root: KeyTree = { row: null, below: new Map() };
  for (const row of keyTable()) {
    if (!isWanted(row)) continue;
    let place = root;
    for (const step of row.path.replaceAll('[]', '').split('.')) {
      const next = place.below.get(step) ?? { row: null, below: new Map() };
      place.below.set(step, next);
      place = next;
    }
    place.row = row;
  }
  return root;
}

/** Where a step of a path leads in the tree; undefined where there is nothing wanted. */
export function stepInto(tree: KeyTree, step: string | number): KeyTree | undefined {
  return typeof step === 'number' ? tree : (tree.below.get(step) ?? tree.below.get('*'));
}

/** Every value of the file that one of the tree's rows describes, with its path; below it the walk goes on. */
export function* findRowValues(
  value: unknown,
  tree: KeyTree,
  path: Path = [],
): Generator<{ readonly path: Path; readonly row: KeyRow; readonly value: unknown }> {
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) yield* findRowValues(each, tree, [...path, index]);
    return;
  }
  if (tree.row) yield { path, row: tree.row, value };
  if (typeof value !== 'object' || value === null || tree.below.size === 0) return;
  for (const [key, each] of Object.entries(value)) {
    const next = stepInto(tree, key);
    if (next) yield* findRowValues(each, next, [...path, key]);
  }
}
