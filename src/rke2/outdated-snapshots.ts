import type { SnapshotCopy } from '../domain/snapshot.ts';
import { stemOfName } from './snapshot-content.ts';

/**
 * Every copy of the snapshots that are called `name` and are not among the newest `keep` of the node that took them. The
 * name is the whole of what was asked for: `before` is not `before-upgrade`. What nobody knows the taker of is left alone.
 */
export function outdatedSnapshots(
  copies: readonly SnapshotCopy[],
  name: string,
  keep: number,
): readonly SnapshotCopy[] {
  const byTaker = new Map<string, Map<string, number>>();
  for (const copy of copies) {
    const { takenOn } = copy;
    if (takenOn === null || stemOfName(copy.name, takenOn) !== name) continue;
    const known = byTaker.get(takenOn) ?? new Map<string, number>();
    byTaker.set(takenOn, known.set(copy.name, copy.createdAt));
  }
  const doomed = new Set(
    [...byTaker.values()].flatMap((known) =>
      [...known]
        .sort(([, a], [, b]) => b - a)
        .slice(keep)
        .map(([full]) => full),
    ),
  );
  return copies.filter((copy) => doomed.has(copy.name));
}
