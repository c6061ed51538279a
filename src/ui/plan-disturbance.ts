import type { Plan, PlannedNode, Step, StepId } from '../domain/plan.ts';
import type { Role } from '../domain/role.ts';
import { orderSteps } from '../domain/step-order.ts';

/** What each step disturbs while it runs, in words; steps that disturb nothing are not in it. */
export type Disturbances = ReadonlyMap<StepId, string>;

/** Etcd's members and control planes as the steps before have left them. */
interface Standing {
  readonly members: Set<string>;
  readonly down: Set<string>;
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
      return step.restart ? restartText(node, standing) : startText(node, standing);
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

function restartText(node: PlannedNode, { members, down, planes }: Standing): string {
  const isMember = members.has(node.id);
  const isPlane = node.roles.includes('controlplane');
  const up = members.size - down.size;
  const isLast = (isMember && members.size === 1) || (isPlane && planes === 1);
  const parts = [
    ...(isMember
      ? [`etcd ${up} of ${members.size} → ${up - 1} of ${members.size} while it restarts`]
      : ['the service restarts']),
    ...(isMember && members.size > 1 && up - 1 < majority(members.size)
      ? ['without a majority nothing can be written meanwhile']
      : []),
    ...(isLast ? ['the API is away meanwhile'] : []),
    ...(node.roles.includes('worker') ? ['pods keep running'] : []),
  ];
  return parts.join('; ');
}

function startText({ id, roles }: PlannedNode, { members, down }: Standing): string | null {
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
    const joins = start?.kind === 'start-service' && start.join !== null && !start.restart;
    const isMember =
      leave?.kind === 'leave-cluster'
        ? leave.members.length > 0
        : node.roles.includes('etcd') && !joins && !founds;
    if (isMember) members.add(node.id);
    const isGone = leave?.kind === 'leave-cluster' && leave.forget;
    const isDown = start?.kind === 'start-service' && !start.restart && leave === undefined;
    if (isMember && (isGone || isDown)) down.add(node.id);
  }
  for (const [index, roles] of away.entries()) {
    if (!roles.includes('etcd')) continue;
    members.add(`away ${index}`);
    down.add(`away ${index}`);
  }
  const isPlane = (roles: readonly Role[]) => roles.includes('controlplane');
  const planes = all.filter(({ roles }) => isPlane(roles)).length + away.filter(isPlane).length;
  return { members, down, planes };
}

function majority(count: number): number {
  return Math.floor(count / 2) + 1;
}

function countMembers(count: number): string {
  return `${count} ${count === 1 ? 'member' : 'members'}`;
}
