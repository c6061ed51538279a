import type { NodeRecord, State } from '../domain/state.ts';
import type { StateDocument } from './state-document.ts';

/**
 * A state made from the hosts, with what only the cluster's copy still knows: what was asked for, where addons came from,
 * members that no host spoke for. What a host says of itself counts more. A copy of another cluster adds nothing.
 */
export function completeFromCopy(rebuilt: State, copy: Omit<StateDocument, 'secrets'>): State {
  if (copy.clusterId !== rebuilt.clusterId) return rebuilt;
  const addons = Object.entries(rebuilt.addons).filter(
    ([name, record]) => copy.addons[name]?.sha256 !== record.sha256,
  );
  const nodes = Object.entries(rebuilt.nodes).map(([id, record]): [string, NodeRecord] => [
    id,
    { ...remembered(copy.nodes[id]), ...record },
  ]);
  return {
    ...rebuilt,
    serial: Math.max(rebuilt.serial, copy.serial),
    version: rebuilt.version ?? copy.version,
    bootstrapNodeId: rebuilt.bootstrapNodeId ?? copy.bootstrapNodeId,
    caHash: rebuilt.caHash ?? copy.caHash,
    desired: copy.desired,
    removing: copy.removing,
    nodes: { ...copy.nodes, ...Object.fromEntries(nodes) },
    addons: { ...copy.addons, ...Object.fromEntries(addons) },
  };
}

/** What no host says of a node: how it is reached, what we set on its Node, and what an adoption found there. */
function remembered(
  record: NodeRecord | undefined,
): Pick<NodeRecord, 'ssh' | 'labels' | 'taints' | 'adopted'> {
  const { ssh, labels, taints, adopted } = record ?? {};
  return {
    ...(ssh !== undefined && { ssh }),
    ...(labels !== undefined && { labels }),
    ...(taints !== undefined && { taints }),
    ...(adopted !== undefined && { adopted }),
  };
}
