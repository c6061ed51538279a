import { describe, expect, it } from 'vitest';
import type { SnapshotCopy } from '../../src/domain/snapshot.ts';
import { outdatedSnapshots } from '../../src/rke2/outdated-snapshots.ts';
import {
  hasSnapshotSize,
  judgeBootstrapHits,
  stemOfName,
  timeOfName,
  UNREAD_SNAPSHOT,
} from '../../src/rke2/snapshot-content.ts';
import { explainSnapshotFailure } from '../../src/rke2/snapshot-failures.ts';
import { snapshotsDirOf } from '../../src/rke2/snapshots-dir.ts';
import { tokenId } from '../../src/rke2/token-id.ts';
import { FIRST_TOKEN, SECOND_TOKEN } from '../support/sample-snapshots.ts';

/** The twenty bytes before a key in a database, of revision `main`. */
function bytesBefore(main: number, deleted = false): Buffer {
  const revision = Buffer.alloc(17);
  revision.writeBigUInt64BE(BigInt(main));
  revision[8] = 0x5f;
  const end = Buffer.from([0x0a, 23]);
  return deleted
    ? Buffer.concat([revision, Buffer.from('t'), end])
    : Buffer.concat([Buffer.from('x'), revision, end]);
}

describe('which token opens a snapshot', () => {
  it('is told by ids as RKE2 makes them', () => {
    expect([tokenId('first'), tokenId('second')]).toEqual([FIRST_TOKEN, SECOND_TOKEN]);
  });

  it('is the one whose newest revision was not deleted', () => {
    const old = { tokenId: 'a', before: bytesBefore(2) };
    const later = { tokenId: 'a', before: bytesBefore(5) };
    const gone = { tokenId: 'a', before: bytesBefore(9, true) };
    const other = { tokenId: 'b', before: bytesBefore(8) };
    expect(judgeBootstrapHits([old])).toEqual(['a']);
    expect(judgeBootstrapHits([old, gone, later, other])).toEqual(['b']);
    expect(judgeBootstrapHits([gone, old, later])).toEqual([]);
    expect(judgeBootstrapHits([later, other])).toEqual(['a', 'b']);
  });

  it('is any that was found where no revision can be read', () => {
    const loose = { before: Buffer.alloc(20, 1) };
    expect(
      judgeBootstrapHits([
        { tokenId: 'b', ...loose },
        { tokenId: 'a', ...loose },
      ]),
    ).toEqual(['a', 'b']);
    expect(
      judgeBootstrapHits([
        { tokenId: 'c', before: bytesBefore(1) },
        { tokenId: 'a', ...loose },
      ]),
    ).toEqual(['c']);
    expect(judgeBootstrapHits([])).toEqual([]);
  });
});

describe('the name and size of a snapshot', () => {
  it('say when it was taken, by whom, and whether all of it is there', () => {
    expect(timeOfName('on-demand-node1-1700000000.zip')).toBe(1_700_000_000_000);
    expect([timeOfName('on-demand-node1'), timeOfName('a-1')]).toEqual([null, null]);
    expect(stemOfName('before-upgrade-node1-1700000000', 'node1')).toBe('before-upgrade');
    expect(stemOfName('before-upgrade-node1-1700000000', 'node2')).toBeNull();
    expect([20_512, 32, 20_480, 15_000].map(hasSnapshotSize)).toEqual([true, false, false, false]);
  });

  it('and its directory is where the file says', () => {
    const cluster = { dataDir: '/srv/rke2', rke2: { server: {}, agent: {}, secrets: {} } };
    expect(snapshotsDirOf(cluster, { rke2: {} })).toBe('/srv/rke2/server/db/snapshots');
    const elsewhere = { ...cluster, rke2: { ...cluster.rke2, server: { 'etcd-snapshot-dir': '/backup/' } } };
    expect(snapshotsDirOf(elsewhere, { rke2: {} })).toBe('/backup');
    expect(snapshotsDirOf(elsewhere, { rke2: { 'etcd-snapshot-dir': '/own' } })).toBe('/own');
  });
});

describe('what is pruned', () => {
  const copy = (name: string, takenOn: string | null, kind: 'node' | 's3' = 'node'): SnapshotCopy => ({
    ...UNREAD_SNAPSHOT,
    name,
    takenOn,
    place:
      kind === 's3'
        ? { kind, bucket: 'b', object: name }
        : { kind, key: `${takenOn}:22`, node: takenOn ?? '', path: `/${name}` },
    createdAt: timeOfName(name) ?? 0,
    sizeBytes: 20_512,
  });

  it('is all but the newest of that very name on each node, with what lies in S3', () => {
    const copies = [
      copy('a-n1-1700000001', 'n1'),
      copy('a-n1-1700000002', 'n1'),
      copy('a-n1-1700000003', 'n1', 's3'),
      copy('a-n1-1700000001', 'n1', 's3'),
      copy('a-n2-1600000000', 'n2'),
      copy('a-b-n1-1500000000', 'n1'),
      copy('a-n3-1500000000', null, 's3'),
    ];
    const doomed = (keep: number) =>
      outdatedSnapshots(copies, 'a', keep).map(({ name, place }) => `${name} ${place.kind}`);
    expect(doomed(2)).toEqual(['a-n1-1700000001 node', 'a-n1-1700000001 s3']);
    expect(doomed(1)).toEqual(['a-n1-1700000001 node', 'a-n1-1700000002 node', 'a-n1-1700000001 s3']);
    expect(outdatedSnapshots(copies, 'a-b', 1)).toEqual([]);
  });
});

describe('RKE2’s words about snapshots', () => {
  it.each([
    ['failed to initialize S3 client: bucket backups does not exist', 'bucket_name'],
    [
      'failed to initialize S3 client: failed to test for existence of bucket b: Access Denied.',
      'access_key',
    ],
    [
      'failed to test for existence of bucket b: Head "https://x": tls: failed to verify certificate: x509: certificate signed by unknown authority',
      'custom_ca',
    ],
    ['The request signature we calculated does not match the signature you provided.', 'secret_key'],
    [
      'failed to initialize S3 client: Head "https://x": dial tcp 10.0.0.9:9000: connect: connection refused',
      'endpoint',
    ],
    ['write /var/lib/rancher/rke2/server/db/snapshots/x: no space left on device', 'snapshot-prune'],
    ['failed to get etcd-snapshot-dir: stat /b: no such file or directory', 'etcd-snapshot-dir'],
  ])('%s', (words, hint) => {
    expect(explainSnapshotFailure(['some line', words])).toContain(hint);
  });

  it('that nobody knows get no advice', () => {
    expect(explainSnapshotFailure(['etcd datastore is not started'])).toBeNull();
  });
});
