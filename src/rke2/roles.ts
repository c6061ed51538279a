import type { Taint } from '../domain/cluster.ts';
import type { Role, Service } from '../domain/role.ts';

/** The unit that a node of these roles runs. */
export function serviceOf(roles: readonly Role[]): Service {
  return isServer(roles) ? 'rke2-server' : 'rke2-agent';
}

/** True for every node that takes part in etcd or the control plane. */
export function isServer(roles: readonly Role[]): boolean {
  return roles.includes('etcd') || roles.includes('controlplane');
}

/** Whether a node of these roles can make a cluster: one with etcd, or with a datastore outside any control plane. */
export function canFound(
  roles: readonly Role[],
  { externalDatastore }: { readonly externalDatastore: boolean },
): boolean {
  return roles.includes(externalDatastore ? 'controlplane' : 'etcd');
}

/**
 * The config.yaml keys by which a server leaves out what its roles do not name: no etcd → `disable-etcd` (unless the
 * data lies outside, where RKE2 starts no etcd by itself), no control plane → its three components off. Empty for agents.
 */
export function disabledComponents(
  roles: readonly Role[],
  { externalDatastore }: { readonly externalDatastore: boolean },
): Readonly<Record<string, true>> {
  if (!isServer(roles)) return {};
  return {
    ...(roles.includes('etcd') || externalDatastore ? {} : { 'disable-etcd': true }),
    ...(roles.includes('controlplane')
      ? {}
      : { 'disable-apiserver': true, 'disable-controller-manager': true, 'disable-scheduler': true }),
  };
}

/** The taint that keeps workloads off servers without the worker role; RKE2 itself sets none. */
export const SERVER_TAINT: Taint = { key: 'CriticalAddonsOnly', value: 'true', effect: 'NoExecute' };
