import type { NodeKey } from '../domain/cluster.ts';
import type { PlannedNode } from '../domain/plan.ts';

/** A host's key as people read it: without SSH's usual port. */
export function keyLabel(key: NodeKey): string {
  return key.endsWith(':22') ? key.slice(0, -3) : key;
}

/** A step's host: its node name; what is done on the operator's machine is said to be done here. */
export function nodeLabel(node: PlannedNode | null): string {
  return node === null ? 'here' : node.name;
}
