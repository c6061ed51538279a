import { createHash } from 'node:crypto';
import type { KubeClient, KubeObject } from '../kube-client.ts';
import { isConflict } from '../kube-client.ts';
import type { Snapshot } from './snapshot-files.ts';

const PATH = '/apis/k3s.cattle.io/v1/etcdsnapshotfiles';

/** An ETCDSnapshotFile of the API. */
export interface SnapshotRecord extends KubeObject {
  readonly spec: { readonly snapshotName: string; readonly nodeName: string; readonly location: string };
  readonly status?: { readonly creationTime?: string; readonly size?: string; readonly readyToUse?: boolean };
}

/** The record of a snapshot, as `ls -o json` and the API show it. */
export function describeRecord(snapshot: Snapshot): SnapshotRecord {
  const suffix = createHash('sha256')
    .update(snapshot.location)
    .update(snapshot.nodeName)
    .digest('hex')
    .slice(0, 6);
  return {
    apiVersion: 'k3s.cattle.io/v1',
    kind: 'ETCDSnapshotFile',
    metadata: {
      name: `local-${snapshot.name.toLowerCase()}-${suffix}`,
      labels: { 'etcd.rke2.cattle.io/snapshot-storage-node': snapshot.nodeName },
      annotations: { 'etcd.rke2.cattle.io/snapshot-timestamp': snapshot.created },
    },
    spec: { snapshotName: snapshot.name, nodeName: snapshot.nodeName, location: snapshot.location },
    status: { readyToUse: true, creationTime: snapshot.created, size: String(snapshot.size) },
  };
}

/** The records of all servers. */
export function listRecords(kube: KubeClient): Promise<readonly SnapshotRecord[]> {
  return kube.list<SnapshotRecord>(PATH);
}

/** Makes the records of one server agree with the files it has. */
export async function reconcileRecords(
  kube: KubeClient,
  nodeName: string,
  files: readonly Snapshot[],
): Promise<void> {
  const present = (await listRecords(kube)).filter((record) => record.spec.nodeName === nodeName);
  const wanted = files.map(describeRecord);
  for (const record of wanted) {
    if (present.some((entry) => entry.metadata?.name === record.metadata?.name)) continue;
    await kube.create(PATH, record).catch((error: unknown) => {
      if (!isConflict(error)) throw error;
    });
  }
  for (const record of present) {
    if (wanted.some((entry) => entry.metadata?.name === record.metadata?.name)) continue;
    await kube.remove(`${PATH}/${record.metadata?.name}`);
  }
}
