import type { NodeKey } from '../domain/cluster.ts';
import type { Plan, Step } from '../domain/plan.ts';
import { type DesiredNode, desiredNode, factsOf } from '../render/desired-node.ts';
import { clusterSteps } from './cluster-steps.ts';
import { compareNode, type Remembered } from './compare-node.ts';
import { hostSteps } from './host-steps.ts';
import { portProbes } from './port-probes.ts';
import { startOrder } from './start-order.ts';
import { stepId } from './step-id.ts';
import type { NodeWork, UpInput } from './up-input.ts';

/**
 * The steps that bring the hosts from what they are to what the file says, in an order in which etcd nodes come one at
 * a time, then control planes, then workers. Pure and deterministic: the same input gives the same bytes.
 */
export function planUp(input: UpInput): Plan {
  const work = input.cluster.nodes.flatMap((spec): NodeWork[] => {
    const facts = factsOf(input.observed, spec.key);
    if (facts === null) return [];
    const desired = desiredNode(input, spec, facts);
    return [{ desired, changes: compareNode(desired, facts, remembered(input, desired)) }];
  });
  const starting = work.filter(({ changes }) => changes.start !== null);
  const matrix = input.checkPorts ? matrixStep(input, work) : null;
  const order = startOrder(work, input.cluster);
  const steps = [
    ...work.flatMap((node) => hostSteps(input, node, order, matrix?.id ?? null)),
    ...(matrix === null ? [] : [matrix]),
  ];
  const all = [...steps, ...clusterSteps(input, work, starting, steps)];
  return {
    schemaVersion: 1,
    clusterId: input.state.clusterId,
    clusterName: input.cluster.name,
    version: input.version,
    purpose: 'up',
    steps: all,
    findings: input.findings,
    changes: [],
    drift: [],
    leaving: [],
    nodes: work.map(({ desired }) => desired.planned),
    unreachable: unreachableKeys(input),
  };
}

function remembered({ state }: UpInput, { planned, bootstraps }: DesiredNode): Remembered {
  const record = state.nodes[planned.id];
  const claimed = record !== undefined && (!bootstraps || state.bootstrapNodeId === planned.id);
  return { claimed, joined: record?.phase === 'joined' };
}

/** The port matrix of the nodes that join in this run, tried after every port is open and before any service starts. */
function matrixStep(input: UpInput, work: readonly NodeWork[]): Step | null {
  const joining = new Set(
    work.filter(({ changes }) => changes.start === 'first').map(({ desired }) => desired.planned.key),
  );
  const probes = portProbes(
    input.cluster,
    work.map(({ desired }) => desired.planned),
    joining,
  );
  if (probes.length === 0) return null;
  return {
    kind: 'check-ports',
    id: 'check-ports',
    node: null,
    reason: 'nodes join in this run: every port that RKE2 needs between them is tried before the first start',
    needs: [],
    after: work
      .filter(({ changes }) => changes.firewall !== null)
      .map(({ desired }) => stepId('open-firewall', desired.planned)),
    probes,
  };
}

function unreachableKeys(input: UpInput): readonly NodeKey[] {
  return input.cluster.nodes.map((node) => node.key).filter((key) => factsOf(input.observed, key) === null);
}
