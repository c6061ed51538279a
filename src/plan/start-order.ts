import type { Cluster, NodeKey } from '../domain/cluster.ts';
import type { PlannedNode, StepId } from '../domain/plan.ts';
import type { Role } from '../domain/role.ts';
import { isServer } from '../rke2/roles.ts';
import { maxUnavailable } from './max-unavailable.ts';
import { stepId } from './step-id.ts';
import type { NodeWork } from './up-input.ts';

/** Who starts when, by key; and who is there to be joined. */
export interface StartOrder {
  /** Etcd members that are down. They start together: none of them gets READY without a majority. */
  readonly members: readonly PlannedNode[];
  /** The other servers that start in this run, one after the other: bootstrap node, etcd nodes, control-plane-only ones. */
  readonly chain: readonly PlannedNode[];
  /** A server that is READY now, or will be first: whom everybody else registers with. */
  readonly joinable: PlannedNode | null;
  /** The first control plane, without which no agent becomes READY; null when it is up already. */
  readonly firstControlPlane: NodeKey | null;
  /** Agents in service that start anew: so many at once as may be out of service, and one that fails is out of service. */
  readonly restarting: readonly PlannedNode[];
  readonly restartsAtOnce: number;
}

/** Orders the starts: members that are down, bootstrap node, then etcd nodes, then control planes, as they stand in the file. */
export function startOrder(work: readonly NodeWork[], { nodes, upgrade }: Cluster): StartOrder {
  const servers = work.filter(({ desired }) => desired.planned.service === 'rke2-server');
  const starting = servers
    .filter(({ changes }) => changes.start !== null)
    .toSorted((a, b) => rank(a) - rank(b));
  const running = servers.filter(
    ({ changes }) => changes.start === null || changes.start === 'changed' || changes.start === 'unseen',
  );
  const living = running.find(({ desired }) => hasRole(desired.planned, 'etcd')) ?? running[0];
  const planeIsUp = running.some(({ desired }) => hasRole(desired.planned, 'controlplane'));
  const plane = starting.find(({ desired }) => hasRole(desired.planned, 'controlplane'));
  const planned = (list: readonly NodeWork[]) => list.map(({ desired }) => desired.planned);
  return {
    members: planned(starting.filter(isMemberDown)),
    chain: planned(starting.filter((node) => !isMemberDown(node))),
    joinable: (living ?? starting[0])?.desired.planned ?? null,
    firstControlPlane: planeIsUp ? null : (plane?.desired.planned.key ?? null),
    restarting: planned(
      work.filter(
        ({ desired, changes }) => desired.planned.service === 'rke2-agent' && changes.start === 'changed',
      ),
    ),
    restartsAtOnce: maxUnavailable(
      upgrade.maxUnavailableWorker,
      nodes.filter(({ roles }) => !isServer(roles)).length,
    ),
  };
}

/** The starts that a node's own start needs, and those that must only have ended. */
export function startNeeds(
  node: PlannedNode,
  { members, chain, firstControlPlane, restarting, restartsAtOnce }: StartOrder,
): { readonly needs: readonly StepId[]; readonly after: readonly StepId[] } {
  const starts = (nodes: readonly PlannedNode[]) => nodes.map((each) => stepId('start-service', each));
  if (node.service === 'rke2-agent') {
    const servers = [...members, ...chain];
    const turn = restarting.findIndex((agent) => agent.key === node.key);
    const before = turn < restartsAtOnce ? undefined : restarting[turn - restartsAtOnce];
    return {
      needs: starts([
        ...servers.filter((server) => server.key === firstControlPlane),
        ...(before === undefined ? [] : [before]),
      ]),
      after: starts(servers),
    };
  }
  const index = chain.findIndex((server) => server.key === node.key);
  if (index < 0) return { needs: [], after: [] };
  return { needs: starts(index === 0 ? members : chain.slice(index - 1, index)), after: [] };
}

function isMemberDown({ desired, changes }: NodeWork): boolean {
  return changes.start === 'stopped' && hasRole(desired.planned, 'etcd');
}

function hasRole(node: PlannedNode, role: Role): boolean {
  return node.roles.includes(role);
}

function rank(node: NodeWork): number {
  const { desired, changes } = node;
  if (isMemberDown(node)) return 0;
  if (desired.bootstraps) return 1;
  const isNew = changes.start === 'first' ? 1 : 0;
  return hasRole(desired.planned, 'etcd') ? 2 + isNew : 4 + isNew;
}
