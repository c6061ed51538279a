import type { Cluster, ClusterNode, NodeKey } from '../domain/cluster.ts';
import { nodeId } from '../domain/node-identity.ts';
import type { Observed } from '../domain/observed.ts';
import type { State } from '../domain/state.ts';
import { factsOf } from '../render/desired-node.ts';
import { canFound } from '../rke2/roles.ts';
import { findMove } from './find-move.ts';
import { roleChange } from './role-change.ts';

/**
 * The one node that makes the cluster, or made it: as the state says, else the first reachable node of the file that can
 * found a cluster (one with etcd; with an external datastore a control plane), while it has no member yet. null when the
 * node that made it has left, or leaves in this run: nobody may ever bootstrap a second time.
 */
export function chooseBootstrap(cluster: Cluster, observed: Observed, state: State): NodeKey | null {
  const { bootstrapNodeId } = state;
  const moveOf = (node: ClusterNode) => findMove({ cluster, observed, state }, node)?.how;
  if (bootstrapNodeId !== null) {
    const record = state.nodes[bootstrapNodeId];
    const found = cluster.nodes.find((node) => {
      const facts = factsOf(observed, node.key);
      if (facts !== null) return nodeId(state.clusterId, facts.machineId) === bootstrapNodeId;
      return record !== undefined && record.address === node.address && record.port === node.port;
    });
    if (found === undefined) return null;
    const isOther = record?.phase === 'joined' && roleChange(record.roles, found.roles) === 'rejoin';
    return isOther || moveOf(found) === 'rejoin' ? null : found.key;
  }
  // RKE2 makes etcd anew only on a server that joins nobody.
  const alone = cluster.nodes.find((node) => moveOf(node) === 'reset');
  if (alone !== undefined) return alone.key;
  if (Object.values(state.nodes).some((node) => node.phase === 'joined')) return null;
  const candidates = cluster.nodes.filter((node) => canFound(node.roles, cluster));
  return candidates.find((node) => factsOf(observed, node.key) !== null)?.key ?? null;
}
