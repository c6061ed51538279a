import type { Plan, PlannedNode, Step, StepId } from '../domain/plan.ts';
import type { Role } from '../domain/role.ts';
import { orderSteps } from '../domain/step-order.ts';

/** What each step disturbs while it runs, in words; steps that disturb nothing are not in it. */
export type Disturbances = ReadonlyMap<StepId, string>;

/** Etcd's members and control planes as the steps before have left them. */
interface Standing {
  readonly members: Set<string>;
  readonly down: Set<string>;
  /** Who was stopped by a step of its own, and starts by another. */
  readonly stopped: Set<string>;
  readonly planes: number;
}

/** Walks through the plan in its order. `away`: the roles of the nodes that were not reached. */
export function describeDisturbances(plan: Plan, away: readonly (readonly Role[])[]): Disturbances {
  const standing = standingBefore(plan, away);
  const told = new Map<StepId, string>();
  for (const step of orderSteps(plan.steps)) {
    const words = step.node === null ? null : disturb(step, step.node, standing);
    if (words !== null) told.set(step.id, words);
  }
  return told;
}

function disturb(step: Step, node: PlannedNode, standing: Standing): string | null {
  switch (step.kind) {
    case 'start-service':
      return step.restart && !standing.stopped.has(node.id)
        ? restartText(node, standing)
        : startText(node, standing);
    case 'stop-service':
      return stopText(node, step.containers, standing);
    case 'reset-etcd':
      return resetText(node, step.snapshot, standing);
    case 'defragment':
      return pauseText(node, standing);
    case 'change-encryption-keys':
      return step.stage === 'reencrypt' || step.stage === 'rotate-keys'
        ? 'every Secret is written anew'
        : null;
    case 'leave-cluster':
      return leaveText(node, standing);
    case 'drain':
      return 'its pods move to other nodes';
    case 'delete-addon':
      return 'what it brought into the cluster is gone';
    default:
      return null;
  }
}

function restartText(node: PlannedNode, standing: Standing): string {
  const { members, down } = standing;
  const isMember = members.has(node.id);
  const up = members.size - down.size;
  const parts = [
    ...(isMember
      ? [`etcd ${up} of ${members.size} → ${up - 1} of ${members.size} while it restarts`]
      : ['the service restarts']),
    ...lossText(node, up - 1, standing),
    ...(node.roles.includes('worker') ? ['pods keep running'] : []),
  ];
  return parts.join('; ');
}

/** What nobody can do while so many members are up, and this node is not. */
function lossText(node: PlannedNode, up: number, { members, planes }: Standing): readonly string[] {
  const isMember = members.has(node.id);
  const isLast = (isMember && members.size === 1) || (node.roles.includes('controlplane') && planes === 1);
  return [
    ...(isMember && members.size > 1 && up < majority(members.size)
      ? ['without a majority nothing can be written meanwhile']
      : []),
    ...(isLast ? ['the API is away meanwhile'] : []),
  ];
}

function stopText(node: PlannedNode, containers: boolean, standing: Standing): string {
  const { members, down, stopped } = standing;
  const before = members.size - down.size;
  if (members.has(node.id)) down.add(node.id);
  stopped.add(node.id);
  const up = members.size - down.size;
  const parts = [
    up < before ? `etcd ${before} of ${members.size} → ${up} of ${members.size}` : 'the service stops',
    ...lossText(node, up, standing),
    ...(containers ? ['its containers end'] : node.roles.includes('worker') ? ['pods keep running'] : []),
  ];
  return parts.join('; ');
}

/** From then on this member is all there is of etcd. */
function resetText({ id }: PlannedNode, snapshot: string | null, { members, down }: Standing): string {
  members.clear();
  down.clear();
  members.add(id);
  down.add(id);
  return snapshot === null
    ? 'what only other members of etcd have is lost'
    : 'what was written after the snapshot was taken is lost';
}

function pauseText(node: PlannedNode, standing: Standing): string {
  const up = standing.members.size - standing.down.size;
  return ['its etcd answers nobody meanwhile', ...lossText(node, up - 1, standing)].join('; ');
}

function startText({ id, roles }: PlannedNode, { members, down, stopped }: Standing): string | null {
  stopped.delete(id);
  if (down.delete(id)) {
    const up = members.size - down.size;
    return `etcd ${up - 1} of ${members.size} → ${up} of ${members.size}`;
  }
  if (!roles.includes('etcd') || members.has(id)) return null;
  const before = members.size;
  members.add(id);
  return before === 0 ? null : `etcd ${countMembers(before)} → ${before + 1}`;
}

function leaveText({ id }: PlannedNode, { members, down }: Standing): string | null {
  const before = members.size;
  if (!members.delete(id)) return null;
  down.delete(id);
  return `etcd ${countMembers(before)} → ${before - 1}`;
}

function standingBefore(plan: Plan, away: readonly (readonly Role[])[]): Standing {
  const members = new Set<string>();
  const down = new Set<string>();
  const all = [...plan.nodes, ...plan.leaving];
  for (const node of all) {
    const own = plan.steps.filter((step) => step.node?.id === node.id);
    const leave = own.find((step) => step.kind === 'leave-cluster');
    const start = own.find((step) => step.kind === 'start-service');
    const founds = own.some((step) => step.kind === 'claim' && step.bootstrap);
    // Who starts anew may be told whom to ask, and is a member all the same.
    const isStopped = own.some((step) => step.kind === 'stop-service');
    const joins = start?.kind === 'start-service' && start.join !== null && !start.restart && !isStopped;
    const isMember =
      leave?.kind === 'leave-cluster'
        ? leave.members.length > 0
        : node.roles.includes('etcd') && !joins && !founds;
    if (isMember) members.add(node.id);
    const isGone = leave?.kind === 'leave-cluster' && leave.forget;
    const isDown = start?.kind === 'start-service' && !start.restart && leave === undefined && !isStopped;
    if (isMember && (isGone || isDown)) down.add(node.id);
  }
  for (const [index, roles] of away.entries()) {
    if (!roles.includes('etcd')) continue;
    members.add(`away ${index}`);
    down.add(`away ${index}`);
  }
  const isPlane = (roles: readonly Role[]) => roles.includes('controlplane');
  const planes = all.filter(({ roles }) => isPlane(roles)).length + away.filter(isPlane).length;
  return { members, down, stopped: new Set(), planes };
}

function majority(count: number): number {
  return Math.floor(count / 2) + 1;
}

function countMembers(count: number): string {
  return `${count} ${count === 1 ? 'member' : 'members'}`;
}
