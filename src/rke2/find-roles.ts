import type { Rke2Values } from '../domain/cluster.ts';
import type { Role, Service } from '../domain/role.ts';

interface NodeTaint {
  readonly key: string;
  readonly effect: string;
}

/**
 * The roles that a running node has: from its service, the keys that leave components of a server out, and the taints of
 * its Node, by which RKE2's own documentation keeps workloads off servers. With a datastore outside no node has etcd.
 */
export function findRoles(
  service: Service,
  values: Rke2Values,
  taints: readonly NodeTaint[],
): readonly Role[] {
  if (service === 'rke2-agent') return ['worker'];
  const isOn = (key: string) => String(values[key] ?? false) === 'true';
  const external = String(values['datastore-endpoint'] ?? '') !== '';
  return [
    ...(isOn('disable-etcd') || external ? [] : (['etcd'] as const)),
    ...(isOn('disable-apiserver') ? [] : (['controlplane'] as const)),
    ...(taints.some(isWorkless) ? [] : (['worker'] as const)),
  ];
}

/** The one taint that servers without the role `worker` get. */
function isWorkless({ key, effect }: NodeTaint): boolean {
  return key === 'CriticalAddonsOnly' && effect === 'NoExecute';
}
