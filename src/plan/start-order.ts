import type { Cluster } from '../domain/cluster.ts';
import type { Observed } from '../domain/observed.ts';
import type { PlannedNode, StepId } from '../domain/plan.ts';
import type { Role } from '../domain/role.ts';
import { isServer } from '../rke2/roles.ts';
import { isPlaneNow } from './is-plane-now.ts';
import { listNodes } from './list-nodes.ts';
import { maxUnavailable } from './max-unavailable.ts';
import type { Departure } from './membership.ts';
import { stepId } from './step-id.ts';
import type { NodeWork, UpInput } from './up-input.ts';

/**
 * One motion of a server, or of a worker that becomes one: it starts, restarts, leaves, or leaves and comes back. No two
 * of them happen at once.
 */
export interface Motion {
  readonly work: NodeWork | null;
  readonly departure: Departure | null;
  /** True for what takes a living server out of its old role: workers that come in this run come before it. */
  readonly takesAway: boolean;
  /** With the end of this step the next motion may begin. */
  readonly gate: StepId;
}

/** Who starts and goes when; and who is there to be joined. */
export interface StartOrder {
  /** Etcd members that are down. They start together: none of them gets READY without a majority. */
  readonly members: readonly PlannedNode[];
  /** One after the other: add before remove, the dead apart, which only weigh. */
  readonly chain: readonly Motion[];
  /** A server that is READY now, or will be first: whom everybody else registers with. */
  readonly joinable: PlannedNode | null;
  /** True when that one stays what it is through the whole run. */
  readonly joinableStays: boolean;
  /** The first server that starts; null when none does. */
  readonly first: PlannedNode | null;
  /** True when a cluster begins, and no server of it runs yet: its workers wait for nobody but a control plane. */
  readonly isNew: boolean;
  /** The gate of the first control plane, without which no agent becomes READY; null when it is up already. */
  readonly firstControlPlane: StepId | null;
  /** Agents in service that start anew: so many at once as may be out of service, and one that fails is out of service. */
  readonly restarting: readonly NodeWork[];
  /** Workers that go for good, in lanes as many. */
  readonly leavingWorkers: readonly Departure[];
  readonly agentsAtOnce: number;
  /** Agents that start in this run; who goes alive waits for them. */
  readonly agentGates: readonly StepId[];
  /** True when a node in service gets another version, or goes with an older one: all servers before agents then, and a server that fails stops them. */
  readonly isUpgrade: boolean;
}

/** Orders what starts and what goes. Pure; nodes of equal rank go as they stand in the file. */
export function startOrder(
  work: readonly NodeWork[],
  departures: readonly Departure[],
  { cluster, observed, state, version }: Pick<UpInput, 'cluster' | 'observed' | 'state' | 'version'>,
): StartOrder {
  const servers = work.filter((node) => isServer(node.desired.planned.roles));
  const members = servers.filter(isMemberDown);
  const agents = work.filter(
    (node) =>
      !isServer(node.desired.planned.roles) && node.changes.start !== null && !wasServer(node.rejoins),
  );
  const running = servers.filter(isRunning);
  // A control plane that answers now may be about to become something else.
  const apiIsUp =
    !apiMoves(servers, running) && (listNodes(observed) !== null || hasPlane(running, departures));
  const chain = motions(work, departures, { cluster, observed, founder: state.bootstrapNodeId, apiIsUp });
  // One that never got READY, or is down, can take nobody in.
  const formers = departures.filter(
    ({ node, record, facts }) =>
      isServer(node.roles) && record.phase === 'joined' && facts?.rke2.server.active === 'active',
  );
  const former = (formers.find(({ node }) => hasRole(node, 'etcd')) ?? formers[0])?.node;
  const member = running.find(({ desired }) => hasRole(desired.planned, 'etcd'))?.desired.planned;
  // Only who has etcd can take another in.
  const living = member ?? (former !== undefined && hasRole(former, 'etcd') ? former : undefined);
  const first =
    members[0]?.desired.planned ?? chain.find(({ work: node }) => node !== null)?.work?.desired.planned;
  return {
    members: members.map(({ desired }) => desired.planned),
    chain,
    joinable: living ?? running[0]?.desired.planned ?? former ?? first ?? null,
    joinableStays: member !== undefined || former === undefined,
    first: first ?? null,
    isNew:
      departures.length === 0 &&
      servers.every(
        ({ changes, facts }) => changes.start === 'first' && facts.rke2.server.active === 'inactive',
      ) &&
      Object.values(state.nodes).every(({ phase }) => phase !== 'joined'),
    firstControlPlane: apiIsUp ? null : firstPlane(members, chain),
    restarting: agents.filter(({ changes }) => changes.start === 'changed'),
    leavingWorkers: departures.filter(({ node, why }) => why !== 'rejoins' && !isServer(node.roles)),
    agentsAtOnce: maxUnavailable(
      cluster.upgrade.maxUnavailableWorker,
      cluster.nodes.filter(({ roles }) => !isServer(roles)).length,
    ),
    agentGates: agents.map((node) => gateOf(node, cluster)),
    isUpgrade:
      work.some(
        ({ record, changes }) => record?.phase === 'joined' && (changes.install || mayBeOld(record, changes)),
      ) || formers.some(({ facts }) => facts?.rke2.binaries[0]?.version !== version),
  };
}

/** True where a run was cut off after it had changed what the service starts with: an older version may be what runs. */
export function mayBeOld(record: NodeWork['record'], { start }: NodeWork['changes']): boolean {
  return start !== null && record?.startedWith === '';
}

/** The step with whose end a node is in service again. */
export function gateOf({ desired, changes, record, rejoins }: NodeWork, cluster: Cluster): StepId {
  const node = desired.planned;
  const isOld = record?.phase === 'joined' && rejoins === null;
  if (isOld && changes.install && hasRole(node, 'controlplane')) return stepId('await-charts', node);
  return drains({ changes, record }, cluster) ? stepId('uncordon', node) : stepId('start-service', node);
}

/** True for a node in service that is emptied before it starts anew, because the file asks for it. */
export function drains(
  { changes, record }: Pick<NodeWork, 'changes' | 'record'>,
  { upgrade }: Cluster,
): boolean {
  return upgrade.drain && changes.start === 'changed' && record?.phase === 'joined';
}

function isRunning({ changes, rejoins }: NodeWork): boolean {
  const { start } = changes;
  return rejoins === null && (start === null || start === 'changed' || start === 'unseen');
}

/** An API server that answers now is reached by nobody any more once it has moved, or its etcd is made anew. */
function apiMoves(servers: readonly NodeWork[], running: readonly NodeWork[]): boolean {
  return servers.some(({ move }) => move?.how === 'reset' || (move !== null && !hasPlane(running, [])));
}

function hasPlane(running: readonly NodeWork[], departures: readonly Departure[]): boolean {
  return (
    running.some(({ desired }) => hasRole(desired.planned, 'controlplane')) ||
    departures.some(
      ({ node, facts }) => facts?.rke2.server.active === 'active' && hasRole(node, 'controlplane'),
    )
  );
}

function firstPlane(members: readonly NodeWork[], chain: readonly Motion[]): StepId | null {
  const member = members.find(({ desired }) => hasRole(desired.planned, 'controlplane'));
  if (member !== undefined) return stepId('start-service', member.desired.planned);
  return (
    chain.find(({ work }) => work !== null && hasRole(work.desired.planned, 'controlplane'))?.gate ?? null
  );
}

interface MotionContext {
  readonly cluster: Cluster;
  readonly observed: Observed;
  readonly founder: string | null;
  readonly apiIsUp: boolean;
}

interface Ranked extends Motion {
  readonly rank: number;
}

function motions(
  work: readonly NodeWork[],
  departures: readonly Departure[],
  { cluster, observed, founder, apiIsUp }: MotionContext,
): readonly Motion[] {
  const starting = work.flatMap((node): Ranked[] => {
    if (node.changes.start === null || isMemberDown(node)) return [];
    if (!isServer(node.desired.planned.roles) && !wasServer(node.rejoins)) return [];
    const rank = rankStart(node, observed);
    const { planned } = node.desired;
    // As a worker it comes back when every server is what it is to be.
    const gate = isServer(planned.roles) ? gateOf(node, cluster) : stepId('uninstall', planned);
    return [{ rank, work: node, departure: node.rejoins, takesAway: rank >= RANKS.takesAway, gate }];
  });
  const going = departures.flatMap((departure): Ranked[] => {
    const { node, facts, why } = departure;
    if (why === 'rejoins' || !isServer(node.roles)) return [];
    const isDead = facts === null;
    // Whoever is dead is taken out by the API.
    // Whose name or address another takes over goes before that one comes.
    const isFirst = isDead || why === 'replaced';
    const rank = isFirst
      ? apiIsUp
        ? RANKS.dead
        : RANKS.deadLater
      : node.id === founder
        ? RANKS.founderLeaves
        : RANKS.leaves;
    const gate = stepId(isDead ? 'leave-cluster' : 'uninstall', node);
    return [{ rank, work: null, departure, takesAway: !isFirst, gate }];
  });
  return [...starting, ...going].toSorted((a, b) => a.rank - b.rank);
}

const RANKS = {
  founds: 0,
  dead: 1,
  finishes: 2,
  restarts: 3,
  joins: 4,
  rejoinsEtcd: 5,
  restartsPlane: 6,
  joinsPlane: 7,
  deadLater: 8,
  rejoinsPlane: 8,
  takesAway: 9,
  movesPlane: 9,
  dropsPlane: 9,
  dropsEtcd: 10,
  leaves: 11,
  founderLeaves: 12,
  becomesWorker: 13,
};

function rankStart(work: NodeWork, observed: Observed): number {
  const { desired, changes, record, rejoins } = work;
  const node = desired.planned;
  if (desired.bootstraps && changes.start === 'first') return RANKS.founds;
  if (rejoins !== null) {
    // A worker's kubelet must not be newer than the API server of one that goes.
    if (!isServer(node.roles)) return RANKS.becomesWorker;
    if (hasRole(rejoins.node, 'etcd')) return RANKS.dropsEtcd;
    if (hasRole(rejoins.node, 'controlplane')) return RANKS.movesPlane;
    return hasRole(node, 'etcd') ? RANKS.rejoinsEtcd : RANKS.rejoinsPlane;
  }
  // A run that was cut off did not see it READY, and it may be a learner still: nobody else is touched before.
  if (changes.start === 'unseen') return RANKS.finishes;
  // The record may have its new roles already.
  const isPlane = record?.roles.includes('controlplane') === true || isPlaneNow(work, observed);
  if (isPlane && !hasRole(node, 'controlplane')) return RANKS.dropsPlane;
  const isNew = changes.start === 'first';
  if (hasRole(node, 'etcd')) return isNew ? RANKS.joins : RANKS.restarts;
  return isNew ? RANKS.joinsPlane : RANKS.restartsPlane;
}

function isMemberDown({ desired, changes, rejoins }: NodeWork): boolean {
  return rejoins === null && changes.start === 'stopped' && hasRole(desired.planned, 'etcd');
}

function wasServer(departure: Departure | null): boolean {
  return departure !== null && isServer(departure.node.roles);
}

function hasRole(node: PlannedNode, role: Role): boolean {
  return node.roles.includes(role);
}

/** Whom a node registers with when its turn has come: who goes in this run may have gone by then. */
export function joinTarget(order: StartOrder, node: PlannedNode): PlannedNode | null {
  const index = order.chain.findIndex(({ work }) => work?.desired.planned.key === node.key);
  const isLate = index < 0 ? order.isUpgrade : order.chain[index]?.takesAway === true;
  if (order.joinableStays || !isLate) return order.joinable;
  const earlier = order.chain.slice(0, index < 0 ? undefined : index).flatMap(({ work }) => work ?? []);
  const member = earlier.find(({ desired }) => hasRole(desired.planned, 'etcd'));
  return member?.desired.planned ?? order.joinable;
}

/** The motion of a node of the file; a former one, whose place it takes, may have the same key. */
export function motionOf({ chain }: StartOrder, node: NodeWork): Motion | undefined {
  return chain.find(({ work }) => work === node);
}
