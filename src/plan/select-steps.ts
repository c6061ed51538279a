import type { NodeKey } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { Rke2ctlError } from '../domain/errors.ts';
import type { Plan, PlannedNode, Step, StepId, StepKind } from '../domain/plan.ts';
import { isEmptyFirewall } from '../render/firewall-rules.ts';

/** Which nodes are meant; nothing said means all. */
export interface Selection {
  /** Names, addresses or keys. */
  readonly targets: readonly string[];
  readonly only: 'workers' | null;
}

/** What is done for the cluster as a whole, on whichever node it may run. */
const CLUSTER_KINDS: readonly StepKind[] = [
  'check-ports',
  'verify-nodes',
  'delete-addon',
  'verify-addons',
  'await-dns',
  'write-kubeconfig',
  'copy-state',
  'save-snapshot',
];

/**
 * The plan for some of its nodes. What a step needs is never missing: a node that cannot do without another's steps is
 * left out as well, with a warning; one that only waits its turn behind others keeps its place among those that stay.
 * Steps for the cluster stay as far as they still can. Throws Rke2ctlError for a target that is no node of the plan.
 */
export function selectSteps(plan: Plan, selection: Selection): Plan {
  if (selection.targets.length === 0 && selection.only === null) return plan;
  const chosen = chooseNodes(plan, selection);
  const picked = pick(plan, chosen);
  const steps = plan.steps.flatMap((step) => (picked.kept.has(step.id) ? [narrow(step, picked)] : []));
  const leftOut = plan.steps.filter(({ id, kind }) => !picked.kept.has(id) && !CLUSTER_KINDS.includes(kind));
  return {
    ...plan,
    steps,
    leaving: plan.leaving.filter(({ id }) => steps.some(({ node }) => node?.id === id)),
    findings: [...plan.findings, ...warn(leftOut, picked.refused)],
  };
}

function chooseNodes(plan: Plan, { targets, only }: Selection): ReadonlySet<NodeKey> {
  const all = [...plan.nodes, ...plan.leaving];
  const named = targets.flatMap((target) => findTarget(plan, all, target));
  const chosen = targets.length === 0 ? all.map(({ key }) => key) : named;
  const agents = new Set(all.filter(({ service }) => service === 'rke2-agent').map(({ key }) => key));
  return new Set(only === null ? chosen : chosen.filter((key) => agents.has(key)));
}

function findTarget(
  { unreachable }: Plan,
  nodes: readonly PlannedNode[],
  target: string,
): readonly NodeKey[] {
  const wanted = target.toLowerCase();
  const found = nodes.filter(({ name, key, address, otherAddress }) =>
    [name.toLowerCase(), key, hostOf(key), address, otherAddress].includes(wanted),
  );
  const away = unreachable.filter((key) => [key, hostOf(key)].includes(wanted));
  if (found.length + away.length > 0) return [...found.map(({ key }) => key), ...away];
  throw new Rke2ctlError({
    code: 'unknown-node',
    message: `The plan has no node ${JSON.stringify(target)}. Nothing was done.`,
    hint: `Name one of ${nodes
      .slice(0, 12)
      .map(({ name }) => name)
      .join(', ')}${nodes.length > 12 ? ` and ${nodes.length - 12} more` : ''}.`,
    exitCode: 3,
  });
}

function hostOf(key: NodeKey): string {
  return key.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}

interface Picked {
  readonly steps: ReadonlyMap<StepId, Step>;
  readonly kept: ReadonlySet<StepId>;
  /** Nodes that were asked for and cannot be had alone, with the reason. */
  readonly refused: ReadonlyMap<NodeKey, Refusal>;
}

interface Refusal {
  readonly node: PlannedNode;
  readonly why: string;
}

/** Takes steps away until none needs what is gone. */
function pick(plan: Plan, chosen: ReadonlySet<NodeKey>): Picked {
  const steps = new Map(plan.steps.map((step) => [step.id, step]));
  const refused = new Map<NodeKey, Refusal>();
  const kept = new Set(
    plan.steps
      .filter(({ kind, node }) => CLUSTER_KINDS.includes(kind) || (node !== null && chosen.has(node.key)))
      .map(({ id }) => id),
  );
  const drop = (node: PlannedNode, why: string) => {
    refused.set(node.key, { node, why });
    for (const step of plan.steps) if (step.node?.key === node.key && isOfHost(step)) kept.delete(step.id);
  };
  for (const node of tooNew(plan, kept)) drop(node, 'a kubelet must not be newer than the API servers');
  for (let again = true; again; ) {
    again = false;
    for (const step of plan.steps) {
      const lost = kept.has(step.id) ? lostNeed(step, { steps, kept }) : null;
      if (lost === null) continue;
      again = true;
      if (isOfHost(step) && step.node !== null && !mayWait(step, steps, kept))
        drop(step.node, reasonOf(lost));
      else kept.delete(step.id);
    }
  }
  return { steps, kept: prune(plan, { steps, kept }), refused };
}

function isOfHost({ kind }: Step): boolean {
  return !CLUSTER_KINDS.includes(kind);
}

/** Agents that would get a version that servers, which stay as they are, do not have yet. */
function tooNew({ steps }: Plan, kept: ReadonlySet<StepId>): readonly PlannedNode[] {
  const upgraded = (node: PlannedNode) =>
    steps.some((step) => step.kind === 'start-service' && step.restart && step.node?.key === node.key);
  const installs = steps.flatMap((step) =>
    step.kind === 'install' && step.node !== null ? [{ id: step.id, node: step.node }] : [],
  );
  const staysOld = installs.some(
    ({ id, node }) => node.service === 'rke2-server' && !kept.has(id) && upgraded(node),
  );
  return staysOld
    ? installs.flatMap(({ id, node }) => (node.service === 'rke2-agent' && kept.has(id) ? [node] : []))
    : [];
}

/** What it cannot do without and has lost, be it behind others whose turn alone it waited for; null when there is nothing. */
function lostNeed(step: Step, { steps, kept }: Pick<Picked, 'steps' | 'kept'>): Step | null {
  const direct = new Set(step.needs);
  // What led a node to its turn matters to that node alone.
  const behind = new Set<StepId>();
  const follow = (need: Step) => {
    for (const id of need.needs) (steps.get(id)?.node?.key === need.node?.key ? behind : direct).add(id);
  };
  for (const id of direct) {
    const need = steps.get(id);
    if (need === undefined || kept.has(id)) continue;
    if (!isOnlyTurn(need)) return need;
    follow(need);
    for (const each of behind) {
      const before = steps.get(each);
      if (before !== undefined && !kept.has(each)) follow(before);
    }
  }
  return null;
}

/** True for what others wait for only so that not too much happens at once: when it does not happen, nothing is missing. */
function isOnlyTurn(step: Step): boolean {
  if (step.kind === 'start-service') return step.restart;
  return ['await-charts', 'uncordon', 'drain', 'label-node', 'check-ports'].includes(step.kind);
}

/** Closing the firewall behind those who left, and deleting what was put by, is the last thing on a host, and can be done another time. */
function mayWait(step: Step, steps: ReadonlyMap<StepId, Step>, kept: ReadonlySet<StepId>): boolean {
  const isClosing = (each: Step | undefined) =>
    each?.kind === 'open-firewall' && isEmptyFirewall(each.add) && !isEmptyFirewall(each.remove);
  return (
    step.kind === 'drop-previous' ||
    isClosing(step) ||
    (step.kind === 'claim' && step.needs.some((id) => isClosing(steps.get(id)) && !kept.has(id)))
  );
}

function reasonOf(lost: Step): string {
  const name = lost.node?.name ?? 'the cluster';
  if (lost.kind === 'start-service') return `${name} must have started before`;
  if (lost.kind === 'leave-cluster' || lost.kind === 'uninstall') return `${name} must have left before`;
  return `what is done on ${name} must come before`;
}

/** Of the steps for the cluster, those without a purpose now: snapshots for nobody, waits for what does not come. */
function prune(plan: Plan, { steps, kept }: Pick<Picked, 'steps' | 'kept'>): ReadonlySet<StepId> {
  const needed = new Set(plan.steps.flatMap((step) => (kept.has(step.id) ? step.needs : [])));
  const remaining = plan.steps.filter((step) => {
    if (!kept.has(step.id)) return false;
    if (step.kind === 'save-snapshot') return needed.has(step.id);
    if (step.kind === 'verify-addons')
      return step.after.every((id) => steps.get(id)?.kind !== 'write-files' || kept.has(id));
    if (step.kind === 'check-ports') return probesOf(step, { steps, kept }).length > 0;
    if (step.kind === 'verify-nodes') return expectedOf(step, { steps, kept }).length > 0;
    return true;
  });
  const changes = remaining.some((step) => isOfHost(step) || step.kind === 'delete-addon');
  return new Set(remaining.filter(({ kind }) => changes || kind !== 'copy-state').map(({ id }) => id));
}

function isLeftOut(
  key: NodeKey,
  { steps, kept }: Pick<Picked, 'steps' | 'kept'>,
  isMeant: (step: Step) => boolean,
) {
  return [...steps.values()].some((step) => step.node?.key === key && !kept.has(step.id) && isMeant(step));
}

function probesOf(step: Step, picked: Pick<Picked, 'steps' | 'kept'>) {
  const isOpen = (key: NodeKey) => !isLeftOut(key, picked, isOfHost);
  return step.kind === 'check-ports' ? step.probes.filter(({ from, to }) => isOpen(from) && isOpen(to)) : [];
}

function expectedOf(step: Step, picked: Pick<Picked, 'steps' | 'kept'>) {
  const isDown = (each: Step) => each.kind === 'start-service' && !each.restart;
  return step.kind === 'verify-nodes' ? step.nodes.filter(({ key }) => !isLeftOut(key, picked, isDown)) : [];
}

/** A step with ties to what is left, and without what will not be there. */
function narrow(step: Step, picked: Picked): Step {
  const needs = livingTies(step.needs, picked, (each) => each.needs);
  const after = livingTies(step.after, picked, (each) => [...each.needs, ...each.after]);
  if (step.kind === 'check-ports') return { ...step, needs, after, probes: probesOf(step, picked) };
  if (step.kind === 'verify-nodes') return { ...step, needs, after, nodes: expectedOf(step, picked) };
  return { ...step, needs, after };
}

/** Those that stay, and in place of the others those they waited for themselves: so the order of what is left stays. */
function livingTies(
  ids: readonly StepId[],
  { steps, kept }: Picked,
  tiesOf: (step: Step) => readonly StepId[],
): readonly StepId[] {
  const seen = new Set(ids);
  for (const id of seen) {
    const step = steps.get(id);
    if (step !== undefined && !kept.has(id)) for (const each of tiesOf(step)) seen.add(each);
  }
  return [...seen].filter((id) => kept.has(id));
}

function warn(leftOut: readonly Step[], refused: ReadonlyMap<NodeKey, Refusal>): readonly Diagnostic[] {
  const others = new Map(
    leftOut.flatMap(({ node }) => (node === null || refused.has(node.key) ? [] : [[node.key, node.name]])),
  );
  const count = leftOut.filter(({ node }) => node !== null && others.has(node.key)).length;
  return [
    ...[...refused.values()].map(
      ({ node, why }): Diagnostic => ({
        severity: 'warning',
        code: 'target-left-out',
        node: node.name,
        message: `It cannot be done alone and was left out: ${why}, and that is not among what was asked for.`,
        hint: 'Name that node as well, or run `rke2ctl up` for all of them.',
      }),
    ),
    ...(others.size === 0
      ? []
      : [
          {
            severity: 'warning' as const,
            code: 'partial-plan',
            message: `This is a part of what there is to do: ${count} ${count === 1 ? 'step' : 'steps'} on ${listNames([...others.values()])} ${count === 1 ? 'is' : 'are'} left undone.`,
            hint: 'Run `rke2ctl up` without --target, --only and --update-only for all of it.',
          },
        ]),
  ];
}

function listNames(names: readonly string[]): string {
  const rest = names.length - 8;
  return `${names.slice(0, 8).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
