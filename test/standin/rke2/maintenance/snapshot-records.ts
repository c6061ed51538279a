import { createHash } from 'node:crypto';
import type { KubeClient, KubeObject } from '../kube-client.ts';
import { isConflict } from '../kube-client.ts';
import { rfc3339, type Snapshot } from './snapshot-files.ts';
import type { S3Client, S3Object } from './snapshot-s3.ts';

const PATH = '/apis/k3s.cattle.io/v1/etcdsnapshotfiles';
const STORAGE = 'etcd.rke2.cattle.io/snapshot-storage-node';

/** An ETCDSnapshotFile of the API. */
export interface SnapshotRecord extends KubeObject {
  readonly spec: {
    readonly snapshotName: string;
    readonly nodeName: string;
    readonly location: string;
    readonly s3?: {
      readonly endpoint: string;
      readonly bucket: string;
      readonly region: string;
      readonly prefix: string;
    };
  };
  readonly status?: {
    readonly creationTime?: string;
    readonly size?: string;
    readonly readyToUse?: boolean;
    readonly error?: { readonly time: string; readonly message: string };
  };
}

/** The record of a snapshot, as `ls -o json` and the API show it. */
export function describeRecord(snapshot: Snapshot): SnapshotRecord {
  const suffix = createHash('sha256')
    .update(snapshot.nodeName)
    .update(snapshot.location)
    .digest('hex')
    .slice(0, 6);
  const { s3 } = snapshot;
  const failure = s3?.failure;
  return {
    apiVersion: 'k3s.cattle.io/v1',
    kind: 'ETCDSnapshotFile',
    metadata: {
      name: `${s3 === undefined ? 'local' : 's3'}-${snapshot.name.toLowerCase()}-${suffix}`,
      labels: { [STORAGE]: s3 === undefined ? snapshot.nodeName : 's3' },
      annotations: {
        ...(snapshot.tokenHash !== undefined && {
          'etcd.rke2.cattle.io/snapshot-token-hash': snapshot.tokenHash,
        }),
      },
    },
    spec: {
      snapshotName: snapshot.name,
      nodeName: snapshot.nodeName,
      location: snapshot.location,
      ...(s3 !== undefined && {
        s3: {
          endpoint: s3.config.endpoint,
          bucket: s3.config.bucket,
          region: s3.config.region,
          prefix: s3.config.folder,
        },
      }),
    },
    status: {
      readyToUse: failure === undefined,
      creationTime: snapshot.created,
      size: String(snapshot.size),
      ...(failure !== undefined && { error: { time: snapshot.created, message: failure } }),
    },
  };
}

/** What lies in a bucket, as a snapshot. */
export function describeObject({ config }: S3Client, object: S3Object): Snapshot {
  const seconds = /-(\d{9,})(?:\.zip)?$/.exec(object.name)?.[1];
  const created = seconds === undefined ? object.modified : Number(seconds) * 1000;
  return {
    name: object.name,
    nodeName: object.nodeName === '' ? 's3' : object.nodeName,
    location: object.location,
    created: rfc3339(new Date(created)),
    size: object.size,
    tokenHash: object.tokenHash,
    s3: { config },
  };
}

/** The records of all servers. */
export function listRecords(kube: KubeClient): Promise<readonly SnapshotRecord[]> {
  return kube.list<SnapshotRecord>(PATH);
}

export async function addRecord(kube: KubeClient, snapshot: Snapshot): Promise<void> {
  await kube.create(PATH, describeRecord(snapshot)).catch((error: unknown) => {
    if (!isConflict(error)) throw error;
  });
}

/**
 * Makes the records of these storages (a node's name, `s3`) agree with what is there. What could not be uploaded keeps its
 * record, which a day later would go.
 */
export async function reconcileRecords(
  kube: KubeClient,
  storages: readonly string[],
  found: readonly Snapshot[],
): Promise<void> {
  const present = (await listRecords(kube)).filter((record) =>
    storages.includes(record.metadata?.labels?.[STORAGE] ?? ''),
  );
  const names = new Set(present.map((record) => record.metadata?.name));
  const wanted = new Set(found.map((snapshot) => describeRecord(snapshot).metadata?.name));
  for (const snapshot of found) {
    if (!names.has(describeRecord(snapshot).metadata?.name)) await addRecord(kube, snapshot);
  }
  for (const record of present) {
    if (wanted.has(record.metadata?.name) || record.status?.error !== undefined) continue;
    await kube.remove(`${PATH}/${record.metadata?.name}`);
  }
}
