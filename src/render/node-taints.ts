import type { ClusterNode, Taint } from '../domain/cluster.ts';
import type { Role } from '../domain/role.ts';
import { isServer, SERVER_TAINT } from '../rke2/roles.ts';

/** The taints that a node is to have: those of the file, and on servers without the role `worker` the one that keeps workloads off. */
export function nodeTaints({ roles, taints }: Pick<ClusterNode, 'roles' | 'taints'>): readonly Taint[] {
  return [...roleTaints(roles), ...taints];
}

/** The taints that follow from a node's roles alone. */
export function roleTaints(roles: readonly Role[]): readonly Taint[] {
  return isServer(roles) && !roles.includes('worker') ? [SERVER_TAINT] : [];
}

/** `key=value:effect`, as RKE2 and kubectl take it. */
export function taintText({ key, value, effect }: Taint): string {
  return `${key}=${value}:${effect}`;
}

/** `key:effect`, of which a Node has each only once. */
export function taintId({ key, effect }: { readonly key: string; readonly effect: string }): string {
  return `${key}:${effect}`;
}
