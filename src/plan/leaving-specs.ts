import type { Cluster, ClusterNode, SshAuth } from '../domain/cluster.ts';
import { nodeKey } from '../domain/node-identity.ts';
import type { NodeRecord, State } from '../domain/state.ts';

/**
 * How members that the file no longer names are reached: at their last address, as the state remembers. Where it does not
 * (older states, keys that stood in the file itself), with the user and keys of the file's first node.
 */
export function leavingSpecs(cluster: Cluster, state: State | null): readonly ClusterNode[] {
  const known = new Set(cluster.nodes.map((node) => node.key));
  const [model] = cluster.nodes;
  if (model === undefined) return [];
  return Object.values(state?.nodes ?? {})
    .filter((record) => !known.has(nodeKey(record.address, record.port)))
    .map((record) => ({
      ...model,
      key: nodeKey(record.address, record.port),
      address: record.address,
      port: record.port,
      internalAddress: record.clusterAddress,
      otherInternalAddress: record.otherAddress ?? null,
      name: record.name,
      roles: record.roles,
      labels: {},
      taints: [],
      rke2: {},
      ...accessOf(record, model),
    }));
}

function accessOf({ ssh }: NodeRecord, model: ClusterNode): Pick<ClusterNode, 'user' | 'auth' | 'bastions'> {
  if (ssh === undefined) return { user: model.user, auth: model.auth, bastions: model.bastions };
  const { user, bastions, ...keys } = ssh;
  const auth: SshAuth = { key: model.auth.key, certificate: null, ...keys };
  return { user, auth, bastions: bastions.map((bastion) => ({ ...bastion, auth })) };
}
