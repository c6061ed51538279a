import { describe, expect, it } from 'vitest';
import type { KnownToken, SnapshotCopy } from '../../src/domain/snapshot.ts';
import { renderSnapshots } from '../../src/ui/snapshots-view.ts';

const TOKENS: readonly KnownToken[] = [
  { id: 'aaaaaaaaaaaa', use: 'present' },
  { id: 'bbbbbbbbbbbb', use: 'former' },
];

const ON_NODE: SnapshotCopy = {
  name: 'on-demand-node1-1700000000',
  place: { kind: 'node', key: '10.0.0.1:22', node: 'node1', path: '/x' },
  takenOn: 'node1',
  createdAt: 1_700_000_000_000,
  sizeBytes: 3 * 1024 ** 2 + 5,
  whole: true,
  tokenIds: ['aaaaaaaaaaaa'],
  version: 'v1.35.7+rke2r1',
  problem: null,
};

const IN_S3: SnapshotCopy = {
  ...ON_NODE,
  place: { kind: 's3', bucket: 'b', object: 'on-demand-node1-1700000000' },
  whole: null,
  version: null,
};

describe('the list of snapshots', () => {
  it('says of each copy where it lies and whether it can be used', () => {
    const copies: readonly SnapshotCopy[] = [
      ON_NODE,
      IN_S3,
      { ...ON_NODE, tokenIds: ['bbbbbbbbbbbb'] },
      { ...ON_NODE, tokenIds: ['cccccccccccc'] },
      { ...ON_NODE, whole: false, tokenIds: [], version: null, sizeBytes: 20, problem: 'it was cut off' },
      { ...IN_S3, tokenIds: null, takenOn: null },
    ];
    expect(renderSnapshots(copies, TOKENS)).toMatchInlineSnapshot(`
      "NAME                        WHERE  NODE   CREATED (UTC)           SIZE  RKE2            TOKEN                  STATE
      on-demand-node1-1700000000  disk   node1  2023-11-14 22:13:20  3.0 MiB  v1.35.7+rke2r1  aaaaaaaaaaaa           opens
      on-demand-node1-1700000000  S3     node1  2023-11-14 22:13:20  3.0 MiB  -               aaaaaaaaaaaa           not read; the token is known
      on-demand-node1-1700000000  disk   node1  2023-11-14 22:13:20  3.0 MiB  v1.35.7+rke2r1  bbbbbbbbbbbb (former)  opens
      on-demand-node1-1700000000  disk   node1  2023-11-14 22:13:20  3.0 MiB  v1.35.7+rke2r1  cccccccccccc           no token of the state opens it
      on-demand-node1-1700000000  disk   node1  2023-11-14 22:13:20    1 KiB  -               -                      it was cut off
      on-demand-node1-1700000000  S3     -      2023-11-14 22:13:20  3.0 MiB  -               -                      not read
      "
    `);
  });

  it('says so where there is none, and where nothing is known of tokens', () => {
    expect(renderSnapshots([], TOKENS)).toBe('No snapshot was seen.\n');
    expect(renderSnapshots([ON_NODE], [])).toContain('whole; no state here knows its token');
  });
});
