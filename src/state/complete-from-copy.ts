import type { State } from '../domain/state.ts';
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
  return {
    ...rebuilt,
    serial: Math.max(rebuilt.serial, copy.serial),
    version: rebuilt.version ?? copy.version,
    bootstrapNodeId: rebuilt.bootstrapNodeId ?? copy.bootstrapNodeId,
    caHash: rebuilt.caHash ?? copy.caHash,
    desired: copy.desired,
    removing: copy.removing,
    nodes: { ...copy.nodes, ...rebuilt.nodes },
    addons: { ...copy.addons, ...Object.fromEntries(addons) },
  };
}
