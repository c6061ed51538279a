import type { ClusterNode, NodeKey } from '../domain/cluster.ts';

/** The one server that is asked for all Nodes of the cluster: the first that has an API server; null where none is to have one. */
export function chooseTeller(nodes: readonly Pick<ClusterNode, 'key' | 'roles'>[]): NodeKey | null {
  return nodes.find(({ roles }) => roles.includes('controlplane'))?.key ?? null;
}
