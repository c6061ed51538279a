import type { NodeKey } from '../domain/cluster.ts';
import type { PlannedNode } from '../domain/plan.ts';
import type { NodeWork } from './up-input.ts';

/** Who starts when, by key; and who is there to be joined. */
export interface StartOrder {
  /** Servers that start in this run, in their order: the bootstrap node, other etcd nodes, control-plane-only ones. */
  readonly servers: readonly PlannedNode[];
  /** A server that is READY now, or will be first: whom everybody else registers with. */
  readonly joinable: PlannedNode | null;
  /** The first control plane, without which no agent becomes READY; null when it is up already. */
  readonly firstControlPlane: NodeKey | null;
}

/** Orders the starts: bootstrap node, then etcd nodes, then control planes, as they stand in the file. */
export function startOrder(work: readonly NodeWork[]): StartOrder {
  const servers = work.filter(({ desired }) => desired.planned.service === 'rke2-server');
  const starting = servers
    .filter(({ changes }) => changes.start !== null)
    .toSorted((a, b) => rank(a) - rank(b))
    .map(({ desired }) => desired.planned);
  const running = servers.filter(
    ({ changes }) => changes.start === null || changes.start === 'changed' || changes.start === 'unseen',
  );
  const living = running.find(({ desired }) => desired.planned.roles.includes('etcd')) ?? running[0];
  const planeIsUp = running.some(({ desired }) => desired.planned.roles.includes('controlplane'));
  const plane = starting.find((node) => node.roles.includes('controlplane'));
  return {
    servers: starting,
    joinable: living?.desired.planned ?? starting[0] ?? null,
    firstControlPlane: planeIsUp ? null : (plane?.key ?? null),
  };
}

function rank({ desired, changes }: NodeWork): number {
  if (desired.bootstraps) return 0;
  const isNew = changes.start === 'first' ? 1 : 0;
  return desired.planned.roles.includes('etcd') ? 1 + isNew : 3 + isNew;
}
