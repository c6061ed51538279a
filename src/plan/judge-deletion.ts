import type { Operation } from '../domain/operation.ts';
import type { SnapshotCopy } from '../domain/snapshot.ts';

/** Whether no snapshot would be left that may be whole, once these names are gone from every place. */
export function leavesNone(names: readonly string[], copies: readonly SnapshotCopy[]): boolean {
  return !copies.some(({ name, whole }) => !names.includes(name) && whole !== false);
}

/**
 * The first of these copies that a verb in hand may need: what it was asked to restore, and what was saved since it was
 * begun, as that is the way back from it. null: none.
 */
export function neededCopy(
  copies: readonly SnapshotCopy[],
  { startedAt, request }: Pick<Operation, 'startedAt' | 'request'>,
): SnapshotCopy | null {
  // Names of snapshots have whole seconds.
  const since = Math.floor(startedAt / 1_000) * 1_000;
  return copies.find(({ name, createdAt }) => name === request['name'] || createdAt >= since) ?? null;
}
