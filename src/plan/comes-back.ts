import type { HostFacts } from '../domain/observed.ts';
import type { DesiredNode } from '../render/desired-node.ts';

/**
 * Whether a node whose Node was deleted comes back by a restart. Deleting the Node of an etcd server takes its member
 * out, too, if others vote; such a server joins anew through the server that its config.yaml names. The one that founded
 * the cluster names none: RKE2 finds the tombstone of its member there and does not start.
 */
export function comesBack({ planned, bootstraps }: DesiredNode, { rke2 }: HostFacts): boolean {
  if (!bootstraps || !planned.roles.includes('etcd')) return true;
  return rke2.members?.some(({ name }) => name.replace(/-[0-9a-f]{8}$/, '') === planned.name) ?? false;
}
