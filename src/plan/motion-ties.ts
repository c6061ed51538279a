import type { PlannedNode, Step, StepId } from '../domain/plan.ts';
import { type DepartureTies, isMember, snapshotBefore } from './departure-steps.ts';
import { roleChange } from './role-change.ts';
import type { ServicePlaces } from './service-places.ts';
import type { Motion, StartOrder } from './start-order.ts';
import { gateOf, mayBeOld } from './start-order.ts';
import { stepId } from './step-id.ts';
import type { NodeWork, UpInput } from './up-input.ts';

/** What must be over before a node's service, or its leaving, is touched; and a snapshot, where etcd's data is at stake. */
export interface MotionTies extends DepartureTies {
  readonly snapshot: Step | null;
}

/** The ties of one motion in the chain: the end of the motion before it, and its own snapshot. */
export function motionTies(
  input: UpInput,
  order: StartOrder,
  motion: Motion,
  places: ServicePlaces,
): MotionTies {
  const index = order.chain.indexOf(motion);
  const before = order.chain[index - 1];
  const ties = {
    needs: before === undefined ? order.members.map((node) => stepId('start-service', node)) : [before.gate],
    after: motion.takesAway && !order.isUpgrade ? order.agentGates : [],
  };
  const snapshot = motionSnapshot(input, order, motion, places, ties);
  return snapshot === null ? { ...ties, snapshot } : { needs: [snapshot.id], after: [], snapshot };
}

/** The ties of an agent: its servers, and the one whose place it takes among those out of service. */
export function agentTies(
  input: UpInput,
  order: StartOrder,
  { desired, changes, record }: NodeWork,
): MotionTies {
  const servers = [
    ...order.members.map((node) => stepId('start-service', node)),
    ...order.chain.filter(({ takesAway }) => !takesAway || order.isUpgrade).map(({ gate }) => gate),
  ];
  const turn = order.restarting.findIndex((agent) => agent.desired.planned.key === desired.planned.key);
  const before = turn < order.agentsAtOnce ? undefined : order.restarting[turn - order.agentsAtOnce];
  // A kubelet must not be newer than an API server that it may reach.
  const isOther = changes.install || changes.start === 'first' || mayBeOld(record, changes);
  const waitsForAll = order.isUpgrade && isOther;
  const isFounded = changes.start === 'first' && order.isNew;
  return {
    needs: [
      ...new Set([
        ...(waitsForAll ? servers : []),
        ...(order.firstControlPlane === null ? [] : [order.firstControlPlane]),
        ...(before === undefined ? [] : [gateOf(before, input.cluster)]),
      ]),
    ],
    after: waitsForAll || isFounded ? [] : servers,
    snapshot: null,
  };
}

/** The ties of workers that go: whoever comes is there first, and no more are away at once than may be. */
export function leavingWorkerTies(order: StartOrder, index: number): DepartureTies {
  const needs = order.firstControlPlane === null ? [] : [order.firstControlPlane];
  // Another machine waits for its name.
  if (order.leavingWorkers[index]?.why === 'replaced') return { needs, after: [] };
  const before = order.leavingWorkers[index - order.agentsAtOnce];
  const ends: readonly StepId[] =
    before === undefined ? [] : [stepId(before.facts === null ? 'leave-cluster' : 'uninstall', before.node)];
  return {
    needs,
    after: [
      ...order.chain.filter(({ takesAway }) => !takesAway).map(({ gate }) => gate),
      ...order.agentGates,
      ...ends,
    ],
  };
}

function motionSnapshot(
  input: UpInput,
  order: StartOrder,
  motion: Motion,
  places: ServicePlaces,
  ties: DepartureTies,
): Step | null {
  const { work, departure } = motion;
  const subject = work?.desired.planned ?? departure?.node ?? null;
  const place = snapshotPlace(order, motion, places);
  if (departure !== null) {
    const touches = isMember(departure) || work?.desired.planned.roles.includes('etcd') === true;
    return touches ? snapshotBefore(input, place, 'leave', subject, ties) : null;
  }
  if (work === null) return null;
  const { desired, changes, record } = work;
  const isEtcd = desired.planned.roles.includes('etcd');
  if (changes.start === 'first') return isEtcd ? snapshotBefore(input, place, 'join', subject, ties) : null;
  if (record !== null && isEtcd && roleChange(record.roles, desired.planned.roles) !== 'none')
    return snapshotBefore(input, place, 'change', subject, ties);
  const isUpgrade = (each: Motion) => each.work?.record?.phase === 'joined' && each.work.changes.install;
  return order.chain.find(isUpgrade) === motion ? snapshotBefore(input, place, 'upgrade', null, ties) : null;
}

/** Who has etcd's data when the motion's turn has come: who stays, who came before, or who has not gone yet. */
function snapshotPlace(order: StartOrder, motion: Motion, places: ServicePlaces): PlannedNode | null {
  if (places.snapshots !== null) return places.snapshots;
  const index = order.chain.indexOf(motion);
  const isEtcd = ({ roles }: PlannedNode) => roles.includes('etcd');
  const formers = order.chain.flatMap(({ departure }, at) =>
    departure?.facts?.rke2.server.active === 'active' && isEtcd(departure.node)
      ? [{ node: departure.node, isThere: at >= index }]
      : [],
  );
  // A cluster that begins has nothing to save.
  if (formers.length === 0) return null;
  const came = order.chain.slice(0, index).flatMap(({ work }) => work?.desired.planned ?? []);
  return came.find(isEtcd) ?? formers.findLast(({ isThere }) => isThere)?.node ?? null;
}
