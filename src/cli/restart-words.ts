import type { Plan, PlannedNode } from '../domain/plan.ts';
import { countText } from '../ui/table.ts';

/** The nodes whose service starts anew in a plan, each once. */
export function restartingNodes({ steps }: Plan): readonly PlannedNode[] {
  const nodes = steps.flatMap(({ kind, node }) => (kind === 'start-service' && node !== null ? [node] : []));
  return [...new Map(nodes.map((node) => [node.id, node])).values()];
}

/** `3 servers and 1 agent`, without those of which there are none. */
export function nodesText(nodes: readonly Pick<PlannedNode, 'service'>[]): string {
  const servers = nodes.filter(({ service }) => service === 'rke2-server').length;
  const agents = nodes.length - servers;
  return [
    ...(servers > 0 ? [countText(servers, 'server')] : []),
    ...(agents > 0 ? [countText(agents, 'agent')] : []),
  ].join(' and ');
}

/** What becomes of the API while these nodes restart one after the other; `servers` are all that the cluster has. */
export function apiText(
  servers: readonly Pick<PlannedNode, 'id' | 'roles'>[],
  restarting: readonly Pick<PlannedNode, 'id'>[],
): string {
  const ids = new Set(restarting.map(({ id }) => id));
  const planes = servers.filter(({ roles }) => roles.includes('controlplane'));
  const etcd = servers.filter(({ roles }) => roles.includes('etcd'));
  const touches = (nodes: typeof servers) => nodes.some(({ id }) => ids.has(id));
  if (planes.length === 1 && touches(planes)) return 'The API is away while its only server restarts.';
  if (etcd.length === 1 && touches(etcd)) return 'The API is away while etcd’s only member restarts.';
  if (etcd.length === 2 && touches(etcd))
    return 'While one of etcd’s two members restarts nothing can be written.';
  return touches(servers) ? 'The API stays there.' : 'The API is not touched.';
}
