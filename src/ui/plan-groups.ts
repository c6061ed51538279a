import type { Plan, PlannedNode, Step, StepId } from '../domain/plan.ts';
import { orderSteps } from '../domain/step-order.ts';
import type { Disturbances } from './plan-disturbance.ts';
import { stepText } from './step-text.ts';

/** What happens on one node, or alike on several agents, or to the cluster as a whole. */
export interface PlanGroup {
  /** Empty: what is done for the cluster. */
  readonly nodes: readonly PlannedNode[];
  readonly leaves: boolean;
  /** How many of the nodes may be at work at once; null: all. */
  readonly atOnce: number | null;
  /** Of several nodes, those of the first. */
  readonly steps: readonly GroupStep[];
  /** The same steps of the other nodes, by id: which of `steps` each is. */
  readonly alike: ReadonlyMap<StepId, StepId>;
}

export interface GroupStep {
  readonly step: Step;
  readonly text: string;
  readonly disturbs: string | null;
}

/** Done on some node, but for all of them. */
const CLUSTER_KINDS: readonly Step['kind'][] = [
  'check-ports',
  'verify-nodes',
  'delete-addon',
  'verify-addons',
  'await-dns',
  'write-kubeconfig',
  'copy-state',
  'fetch-snapshots',
  'forget-state',
];

/**
 * A plan's steps by nodes, in the order in which the nodes come to their main step: start, leave, or else the last. A
 * snapshot stands with the node on whose behalf it is taken; agents on which the very same happens stand together.
 */
export function groupSteps(plan: Plan, disturbances: Disturbances): readonly PlanGroup[] {
  const ordered = orderSteps(plan.steps);
  const place = new Map(ordered.map((step, index) => [step.id, index]));
  const groups = new Map<string, { readonly node: PlannedNode | null; readonly steps: Step[] }>();
  for (const step of ordered) {
    const node = ownerOf(step, plan);
    const isCheck = step.kind === 'check-ports';
    const key = isCheck ? 'check' : (node?.id ?? 'cluster');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { node, steps: [step] });
    else group.steps.push(step);
  }
  const leaving = new Set(plan.leaving.map(({ id }) => id));
  const single = [...groups.values()]
    .toSorted((one, other) => (place.get(mainOf(one.steps)) ?? 0) - (place.get(mainOf(other.steps)) ?? 0))
    .map(({ node, steps }): PlanGroup => {
      const shown = steps.map((step) => ({
        step,
        text: textOf(step, node),
        disturbs: disturbances.get(step.id) ?? null,
      }));
      const leaves = node !== null && leaving.has(node.id);
      return { nodes: node === null ? [] : [node], leaves, atOnce: null, steps: shown, alike: new Map() };
    });
  return mergeAlike(single);
}

function ownerOf(step: Step, { steps }: Plan): PlannedNode | null {
  if (step.kind !== 'save-snapshot') return CLUSTER_KINDS.includes(step.kind) ? null : step.node;
  const dependent = steps.find(({ needs, kind }) => needs.includes(step.id) && !CLUSTER_KINDS.includes(kind));
  return dependent?.node ?? step.node;
}

function mainOf(steps: readonly Step[]): string {
  const main = steps.find(({ kind }) => kind === 'start-service' || kind === 'leave-cluster');
  return (main ?? steps.at(-1))?.id ?? '';
}

function textOf(step: Step, owner: PlannedNode | null): string {
  const text = stepText(step);
  const isElsewhere = step.kind === 'save-snapshot' && step.node !== null && step.node.id !== owner?.id;
  return isElsewhere ? `${text} on ${step.node?.name ?? ''}` : text;
}

function mergeAlike(groups: readonly PlanGroup[]): readonly PlanGroup[] {
  const merged = new Map<string, PlanGroup[]>();
  for (const [index, group] of groups.entries()) {
    const [node] = group.nodes;
    const isAgent = node?.service === 'rke2-agent';
    const look = group.steps.map(({ step, text, disturbs }) => [text, step.reason, disturbs]);
    const key = isAgent ? JSON.stringify([group.leaves, node.roles, look]) : String(index);
    merged.set(key, [...(merged.get(key) ?? []), group]);
  }
  return [...merged.values()].map((alike): PlanGroup => {
    const [first] = alike;
    if (first === undefined) throw new Error('a group of nobody');
    const nodes = alike.flatMap((each) => each.nodes);
    const same = alike.flatMap(({ steps }) =>
      steps.map(({ step }, index) => [step.id, first.steps[index]?.step.id ?? ''] as const),
    );
    return {
      ...first,
      nodes,
      atOnce: nodes.length > 1 ? countAtOnce(alike) : null,
      alike: new Map(same),
    };
  });
}

/** What takes a node out of service, or gives it back; only about these others wait. */
const IN_MOTION: readonly Step['kind'][] = ['start-service', 'uncordon', 'leave-cluster', 'uninstall'];

/** Those that wait for none of the others to be back. */
function countAtOnce(alike: readonly PlanGroup[]): number | null {
  const owner = new Map(
    alike.flatMap(({ steps }, index) =>
      steps.flatMap(({ step }) => (IN_MOTION.includes(step.kind) ? [[step.id, index] as const] : [])),
    ),
  );
  const free = alike.filter(({ steps }, index) =>
    steps.every(({ step }) =>
      [...step.needs, ...step.after].every((id) => (owner.get(id) ?? index) === index),
    ),
  ).length;
  return free === alike.length ? null : free;
}
