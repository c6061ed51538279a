import { describe, expect, it } from 'vitest';
import type { SnapshotCopy } from '../../src/domain/snapshot.ts';
import { leavesNone, neededCopy } from '../../src/plan/judge-deletion.ts';

const T = Date.UTC(2026, 10, 21, 9);

function copy(name: string, createdAt: number, whole: boolean | null = null): SnapshotCopy {
  return {
    name,
    place: { kind: 'node', key: 'n1', node: 'node1', path: `/snapshots/${name}` },
    takenOn: 'node1',
    createdAt,
    sizeBytes: 1,
    whole,
    tokenIds: null,
    version: null,
    problem: null,
  };
}

describe('what the deletion of snapshots leaves', () => {
  it('is none where nothing else may be whole', () => {
    const copies = [copy('a', T), copy('a', T), copy('cut', T, false)];
    expect(leavesNone(['a'], copies)).toBe(true);
    expect(leavesNone(['a'], [...copies, copy('b', T)])).toBe(false);
    expect(leavesNone(['cut'], copies)).toBe(false);
  });
});

describe('what a verb in hand may need', () => {
  const operation = { startedAt: T + 400, request: { name: 'restored' } };

  it('is what it restores, and what was saved since it was begun', () => {
    const [before, same, later] = [copy('before', T - 1_000), copy('same', T), copy('later', T + 5_000)];
    const restored = copy('restored', T - 9_000_000);
    expect(neededCopy([before, restored], operation)).toBe(restored);
    expect(neededCopy([before, later], operation)).toBe(later);
    expect(neededCopy([before, same], operation)).toBe(same);
    expect(neededCopy([before], operation)).toBeNull();
  });
});
