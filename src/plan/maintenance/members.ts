import { nodeId } from '../../domain/node-identity.ts';
import type { PlannedNode } from '../../domain/plan.ts';
import { factsOf, plannedNode } from '../../render/desired-node.ts';
import { isServer } from '../../rke2/roles.ts';
import type { MaintenanceInput } from './maintenance-input.ts';

/** The reached nodes of the file that have been in service. */
export interface Members {
  /** By the roles that they have, whatever the file asks for by now; etcd nodes first, each as they stand in the file. */
  readonly servers: readonly PlannedNode[];
  readonly agents: readonly PlannedNode[];
}

/** Who of the file is a member; a host that was not reached is none here. */
export function members({
  cluster,
  observed,
  state,
}: Pick<MaintenanceInput, 'cluster' | 'observed' | 'state'>): Members {
  const all = cluster.nodes.flatMap((spec): PlannedNode[] => {
    const facts = factsOf(observed, spec.key);
    if (facts === null) return [];
    const record = state.nodes[nodeId(state.clusterId, facts.machineId)];
    if (record?.phase !== 'joined') return [];
    return [plannedNode({ ...spec, roles: record.roles }, facts, state.clusterId)];
  });
  const servers = all.filter(({ roles }) => isServer(roles));
  const hasEtcd = ({ roles }: PlannedNode) => roles.includes('etcd');
  return {
    servers: [...servers.filter(hasEtcd), ...servers.filter((node) => !hasEtcd(node))],
    agents: all.filter(({ roles }) => !isServer(roles)),
  };
}
