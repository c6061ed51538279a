import type { PlannedNode, Step, StepId } from '../domain/plan.ts';
import { isServer } from '../rke2/roles.ts';
import type { Departure } from './membership.ts';
import type { ServicePlaces } from './service-places.ts';
import { stepId } from './step-id.ts';
import type { UpInput } from './up-input.ts';
import { leavingMarker } from './welcome-step.ts';

export interface DepartureTies {
  /** For the first of its steps. */
  readonly needs: readonly StepId[];
  readonly after: readonly StepId[];
}

/**
 * Takes a member out: its pods go elsewhere, its Node and its etcd member are deleted while it still runs, then its host
 * is cleaned. Of a host that is gone for good only the Node, the member and the record are left to be deleted.
 */
export function departureSteps(
  input: UpInput,
  departure: Departure,
  places: ServicePlaces,
  ties: DepartureTies,
): readonly Step[] {
  const { node, facts, record, why, isMove = false } = departure;
  const reason = isMove ? 'the other members know it under the address that it had before' : REASONS[why];
  const via = places.planes.filter((key) => key !== node.key || places.planes.length === 1);
  const drain: Step = {
    kind: 'drain',
    id: stepId('drain', node),
    node,
    reason: 'its pods go elsewhere before it does',
    needs: ties.needs,
    after: ties.after,
    via,
    input: input.cluster.upgrade.drainInput,
  };
  const isAlive = facts !== null;
  const leave: Step = {
    kind: 'leave-cluster',
    id: stepId('leave-cluster', node),
    node,
    reason: isAlive ? reason : `${reason}, and its host does not answer`,
    needs: isAlive ? [drain.id] : ties.needs,
    after: isAlive ? [] : ties.after,
    via,
    members: record.roles.includes('etcd') ? places.members.filter((key) => key !== node.key) : [],
    forget: !isAlive,
  };
  if (!isAlive) return [leave];
  const uninstall: Step = {
    kind: 'uninstall',
    id: stepId('uninstall', node),
    node,
    reason:
      why !== 'rejoins'
        ? 'it is no member any more'
        : `it joins anew under its new ${isMove ? 'address' : 'roles'}`,
    needs: [leave.id],
    after: [],
    marker: leavingMarker(input, departure),
  };
  return [drain, leave, uninstall];
}

const REASONS: Readonly<Record<Departure['why'], string>> = {
  'left-file': 'the file no longer names it',
  replaced: 'another machine takes its place',
  rejoins: 'its new roles need another way into the cluster',
};

/**
 * The snapshot before something that, if it went wrong, could take etcd's data with it. None while no member is in
 * service: then there is nothing to save.
 */
export function snapshotBefore(
  { state }: UpInput,
  place: PlannedNode | null,
  verb: 'join' | 'leave' | 'change' | 'upgrade',
  subject: PlannedNode | null,
  ties: DepartureTies,
): Step | null {
  if (place === null) return null;
  const what = subject === null ? verb : `${verb}-${subject.name}`;
  return {
    kind: 'save-snapshot',
    id: `save-snapshot ${subject === null ? verb : `${verb} ${subject.key}`}`,
    node: place,
    reason: SNAPSHOT_REASONS[verb],
    ...ties,
    name: `rke2ctl-${state.serial}-${what}`,
  };
}

const SNAPSHOT_REASONS = {
  join: 'the members of etcd are about to change: one comes',
  leave: 'the members of etcd are about to change: one goes',
  change: 'a member of etcd is about to take other roles',
  upgrade: 'the version is about to change',
};

/** True when its going changes etcd's members. */
export function isMember({ record }: Departure): boolean {
  return isServer(record.roles) && record.roles.includes('etcd');
}
