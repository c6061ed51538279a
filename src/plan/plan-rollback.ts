import type { HostFacts } from '../domain/observed.ts';
import type { Plan, PlannedNode, Step, StepId } from '../domain/plan.ts';
import { factsOf, plannedNode } from '../render/desired-node.ts';
import { isServer } from '../rke2/roles.ts';
import { findGoingBack, type GoingBack, unitOf } from './going-back.ts';
import { readableMarker } from './hand-made.ts';
import { listNodes } from './list-nodes.ts';
import { stepId } from './step-id.ts';
import type { UpInput } from './up-input.ts';

/**
 * The steps that bring the named nodes back to the version that they had, and nothing else; `checkRollback` says before
 * whether that may be. Servers that are down go together, as none of them gets READY without a majority; those that run go
 * one after the other, and workers last.
 */
export function planRollback(input: UpInput, names: readonly string[]): Plan {
  const nodes = findGoingBack(input, names).flatMap((named) => (named.found === 'node' ? [named.node] : []));
  const reached = input.cluster.nodes.flatMap((spec): readonly PlannedNode[] => {
    const facts = factsOf(input.observed, spec.key);
    return facts === null ? [] : [plannedNode(spec, facts, input.state.clusterId)];
  });
  const steps = inOrder(nodes).flatMap(({ node, needs }) =>
    backSteps(input, node, needs, planesOf(input, reached, nodes)),
  );
  return {
    schemaVersion: 1,
    clusterId: input.state.clusterId,
    clusterName: input.cluster.name,
    version: input.version,
    purpose: 'up',
    steps: [...steps, ...endSteps(input, nodes, reached, steps)],
    findings: input.findings,
    changes: [],
    drift: [],
    nodes: reached,
    leaving: [],
    unreachable: input.cluster.nodes
      .map(({ key }) => key)
      .filter((key) => factsOf(input.observed, key) === null),
  };
}

interface Turn {
  readonly node: GoingBack;
  readonly needs: readonly StepId[];
}

function inOrder(nodes: readonly GoingBack[]): readonly Turn[] {
  const gate = ({ desired }: GoingBack) => stepId('start-service', desired.planned);
  const servers = nodes.filter(({ desired }) => isServer(desired.planned.roles));
  const down = servers.filter((node) => unitOf(node).active !== 'active');
  const running = servers.filter((node) => !down.includes(node));
  return [
    ...down.map((node) => ({ node, needs: [] })),
    ...running.map((node, index) => {
      const before = running[index - 1];
      return { node, needs: before === undefined ? down.map(gate) : [gate(before)] };
    }),
    ...nodes.filter((node) => !servers.includes(node)).map((node) => ({ node, needs: servers.map(gate) })),
  ];
}

/** Control planes for kubectl, those first that stay as they are and are up. */
function planesOf(
  { observed }: UpInput,
  reached: readonly PlannedNode[],
  nodes: readonly GoingBack[],
): readonly PlannedNode[] {
  const rank = ({ key }: PlannedNode) => {
    if (nodes.some(({ desired }) => desired.planned.key === key)) return 1;
    return factsOf(observed, key)?.rke2.server.active === 'active' ? 0 : 2;
  };
  return reached.filter(({ roles }) => roles.includes('controlplane')).toSorted((a, b) => rank(a) - rank(b));
}

function backSteps(
  input: UpInput,
  { desired, facts, present }: GoingBack,
  needs: readonly StepId[],
  planes: readonly PlannedNode[],
): readonly Step[] {
  const node = desired.planned;
  const version = facts.rke2.previous ?? '';
  const unit = unitOf({ desired, facts });
  const restore: Step = {
    kind: 'restore-previous',
    id: stepId('restore-previous', node),
    node,
    reason: `it is to go back from ${present === null || present === version ? input.version : present}`,
    needs,
    after: [],
    version,
    prefix: desired.prefix,
    images: stagedBundles(facts),
  };
  const start: Step = {
    kind: 'start-service',
    id: stepId('start-service', node),
    node,
    reason: 'its program is another one',
    needs: [restore.id],
    after: [],
    join: null,
    voter: node.roles.includes('etcd'),
    restart: unit.active !== 'inactive' && unit.active !== 'failed',
  };
  const isCordoned = listNodes(input.observed)?.some(
    ({ name, drainedByUs }) => name === node.name && drainedByUs,
  );
  if (isCordoned !== true) return [restore, start];
  const uncordon: Step = {
    kind: 'uncordon',
    id: stepId('uncordon', node),
    node,
    reason: 'the run that upgraded it had cordoned it',
    needs: [start.id],
    after: [],
    via: planes.map(({ key }) => key),
  };
  return [restore, start, uncordon];
}

/** By the marker: what the upgrade brought. */
function stagedBundles(facts: HostFacts): readonly string[] {
  const staged = readableMarker(facts)?.installed?.images.map(({ name }) => name) ?? [];
  return facts.rke2.images.map(({ name }) => name).filter((name) => staged.includes(name));
}

/** The Nodes that went back are waited for; then nothing is put by any more, and the cluster's copy of the state says it. */
function endSteps(
  input: UpInput,
  nodes: readonly GoingBack[],
  reached: readonly PlannedNode[],
  before: readonly Step[],
): readonly Step[] {
  const [plane] = planesOf(input, reached, nodes);
  const starts = before.filter(({ kind }) => kind === 'start-service');
  if (plane === undefined || starts.length === 0) return [];
  const own = starts.filter(({ node }) => node?.key === plane.key).map(({ id }) => id);
  const verify: Step = {
    kind: 'verify-nodes',
    id: stepId('verify-nodes', plane),
    node: plane,
    reason: 'nodes start in this run',
    needs: own,
    after: before.map(({ id }) => id),
    nodes: nodes.map(({ desired }) => {
      const { key, name, roles, address } = desired.planned;
      return { key, name, roles, address };
    }),
  };
  const drops = nodes.map(
    ({ desired }): Step => ({
      kind: 'drop-previous',
      id: stepId('drop-previous', desired.planned),
      node: desired.planned,
      reason: 'it lies in its place again',
      needs: [stepId('start-service', desired.planned), verify.id],
      after: [],
      prefix: desired.prefix,
    }),
  );
  const copy: Step = {
    kind: 'copy-state',
    id: stepId('copy-state', plane),
    node: plane,
    reason: 'a copy of the state lives in the cluster',
    needs: own,
    after: [verify.id, ...drops.map(({ id }) => id)],
  };
  return [verify, ...drops, copy];
}
