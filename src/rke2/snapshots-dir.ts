import type { Cluster, ClusterNode } from '../domain/cluster.ts';
import { snapshotsDir } from './paths.ts';

/** Where a node keeps its snapshots: where the file says, else in RKE2's data directory. */
export function snapshotsDirOf(
  { dataDir, rke2 }: Pick<Cluster, 'dataDir' | 'rke2'>,
  node: Pick<ClusterNode, 'rke2'>,
): string {
  const own = node.rke2['etcd-snapshot-dir'] ?? rke2.server['etcd-snapshot-dir'];
  return typeof own === 'string' && own !== '' ? own.replace(/\/+$/, '') : snapshotsDir(dataDir);
}
