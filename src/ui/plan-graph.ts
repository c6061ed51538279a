import type { Plan, StepId } from '../domain/plan.ts';
import type { Role } from '../domain/role.ts';
import { cleanLine } from './clean-text.ts';
import { fitText } from './fit-text.ts';
import { describeDisturbances } from './plan-disturbance.ts';
import { groupSteps, type PlanGroup } from './plan-groups.ts';
import { listNames } from './plan-lists.ts';
import { countText } from './table.ts';

/** A plan to be drawn: what happens on one node without waiting for others in between is one card. */
export interface PlanGraph {
  readonly title: string;
  readonly cards: readonly PlanCard[];
  readonly edges: readonly PlanEdge[];
}

export interface PlanCard {
  /** `c0`, `c1`, …: in the order in which they happen. */
  readonly id: string;
  readonly title: string;
  readonly kind: 'server' | 'agent' | 'leaving' | 'cluster';
  readonly lines: readonly { readonly text: string; readonly isDisturbance: boolean }[];
}

export interface PlanEdge {
  readonly from: string;
  readonly to: string;
  /** True: `to` comes only when `from` went well; false: once it has ended, one way or the other. */
  readonly needs: boolean;
}

const MOST_LETTERS = 64;

/** The steps and what waits for what, with alike agents as one, and without ties that follow from others. */
export function drawPlan(plan: Plan, away: readonly (readonly Role[])[]): PlanGraph {
  const groups = groupSteps(plan, describeDisturbances(plan, away));
  const ties = reduceTies(tiesOf(plan, groups));
  const cards = groups
    .flatMap((group) => cutGroup(group, ties))
    .map((card, index) => ({ ...card, id: `c${index}` }));
  const cardOf = new Map(cards.flatMap(({ id, steps }) => steps.map((step) => [step, id] as const)));
  const edges = new Map<string, PlanEdge>();
  for (const { from, to, needs } of ties) {
    const edge = { from: cardOf.get(from) ?? '', to: cardOf.get(to) ?? '', needs };
    const key = `${edge.from} ${edge.to}`;
    if (edge.from !== edge.to && !edges.get(key)?.needs) edges.set(key, edge);
  }
  return {
    title: `${plan.clusterName}, RKE2 ${plan.version}: ${countText(plan.steps.length, 'step')}`,
    cards: cards.map(({ steps: _steps, ...card }) => card),
    edges: reduceTies([...edges.values()]),
  };
}

interface Tie {
  readonly from: StepId;
  readonly to: StepId;
  readonly needs: boolean;
}

/** What waits for what. Of agents that are shown as one, that they wait for each other is said in words. */
function tiesOf({ steps }: Plan, groups: readonly PlanGroup[]): readonly Tie[] {
  const shown = new Map(
    groups.flatMap((group) => [...group.alike].map(([id, as]) => [id, { as, group }] as const)),
  );
  const nodeOf = new Map(steps.map(({ id, node }) => [id, node?.id]));
  const ties = new Map<string, Tie>();
  for (const step of steps) {
    const to = shown.get(step.id);
    const add = (id: StepId, needs: boolean) => {
      const from = shown.get(id);
      if (from === undefined || to === undefined || from.as === to.as) return;
      const isTurn = nodeOf.get(id) !== nodeOf.get(step.id);
      if (from.group === to.group && from.group.nodes.length > 1 && isTurn) return;
      const key = JSON.stringify([from.as, to.as]);
      if (!ties.get(key)?.needs) ties.set(key, { from: from.as, to: to.as, needs });
    };
    for (const id of step.needs) add(id, true);
    for (const id of step.after) add(id, false);
  }
  return [...ties.values()];
}

type Draft = Omit<PlanCard, 'id'> & { readonly steps: readonly StepId[] };

/** Cuts a group wherever somebody else waits for what was done so far, or what follows waits for somebody else. */
function cutGroup(group: PlanGroup, ties: readonly Tie[]): readonly Draft[] {
  const own = group.steps.map(({ step }) => step.id);
  const isOwn = (id: StepId) => own.includes(id);
  const enters = new Set(ties.flatMap(({ from, to }) => (isOwn(to) && !isOwn(from) ? [to] : [])));
  const leaves = new Set(ties.flatMap(({ from, to }) => (isOwn(from) && !isOwn(to) ? [from] : [])));
  const parts: PlanGroup['steps'][number][][] = [];
  for (const [index, each] of group.steps.entries()) {
    const before = own[index - 1];
    const cut = before === undefined || enters.has(each.step.id) || leaves.has(before);
    const isTied = ties.some(({ from, to }) => from === before && to === each.step.id);
    if (cut || !isTied) parts.push([each]);
    else parts.at(-1)?.push(each);
  }
  return parts.map((part) => ({
    title: titleOf(group),
    kind: kindOf(group),
    lines: part.flatMap(({ text, disturbs }) => [
      { text: fitText(cleanLine(text), MOST_LETTERS), isDisturbance: false },
      ...(disturbs === null ? [] : [{ text: fitText(disturbs, MOST_LETTERS), isDisturbance: true }]),
    ]),
    steps: part.map(({ step }) => step.id),
  }));
}

function titleOf({ nodes, leaves, atOnce }: PlanGroup): string {
  const [node] = nodes;
  if (node === undefined) return 'the cluster';
  const names = nodes.map(({ name }) => name);
  const pace = atOnce === null ? '' : `, ${atOnce} at a time`;
  const title =
    nodes.length === 1
      ? `${node.name}  ${node.roles.join('+')}`
      : `${countText(nodes.length, 'node')}${pace}: ${listNames(names, 2)}`;
  return fitText(cleanLine(leaves ? `${title}  leaves` : title), MOST_LETTERS);
}

function kindOf({ nodes, leaves }: PlanGroup): PlanCard['kind'] {
  const [node] = nodes;
  if (node === undefined) return 'cluster';
  if (leaves) return 'leaving';
  return node.service === 'rke2-server' ? 'server' : 'agent';
}

/** Without the ties that follow from others: that one must go well only from such as say so, too. */
function reduceTies<T extends Tie>(ties: readonly T[]): readonly T[] {
  const all = nextOf(ties);
  const strict = nextOf(ties.filter(({ needs }) => needs));
  return ties.filter(({ from, to, needs }) => !leadsTo(needs ? strict : all, from, to));
}

type Next = ReadonlyMap<string, ReadonlySet<string>>;

function nextOf(ties: readonly Tie[]): Next {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of ties) {
    const known = next.get(from);
    if (known === undefined) next.set(from, new Set([to]));
    else known.add(to);
  }
  return next;
}

/** True when there is another way than the direct one. */
function leadsTo(next: Next, from: string, goal: string): boolean {
  const seen = new Set([...(next.get(from) ?? [])].filter((each) => each !== goal));
  for (const each of seen) {
    for (const further of next.get(each) ?? []) {
      if (further === goal) return true;
      seen.add(further);
    }
  }
  return false;
}
