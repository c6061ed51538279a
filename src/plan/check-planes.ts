import type { NodeKey } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { nodeId } from '../domain/node-identity.ts';
import type { Observed } from '../domain/observed.ts';
import type { Plan, Step, StepId } from '../domain/plan.ts';
import type { State } from '../domain/state.ts';

/**
 * Refuses a plan in which a control plane would have to delete its own Node, as no other is up when its turn comes: a
 * member of etcd loses its API server with its member, and nobody is left to see that it is gone.
 */
export function checkPlanes(observed: Observed, state: State, { steps }: Plan): readonly Diagnostic[] {
  if (!steps.some((step) => step.kind === 'leave-cluster')) return [];
  const planes = livingPlanes(observed, state);
  if (planes.size === 0) return [];
  for (const step of inTurn(steps)) {
    const { node } = step;
    if (node === null) continue;
    if (step.kind === 'leave-cluster') {
      const isMember = step.members.length > 0;
      const others = step.via.filter((key) => planes.has(key) && (step.forget || key !== node.key));
      const canSelf = !isMember && step.via.includes(node.key) && planes.has(node.key);
      if (others.length === 0 && !canSelf) return [nobodyLeft(node.name)];
      if (!step.forget) planes.delete(node.key);
    } else if (step.kind === 'start-service') {
      if (node.roles.includes('controlplane')) planes.add(node.key);
      else planes.delete(node.key);
    }
  }
  return [];
}

function livingPlanes(observed: Observed, state: State): Set<NodeKey> {
  return new Set(
    Object.entries(observed.hosts).flatMap(([key, host]) => {
      if (!host.reachable || host.facts.rke2.server.active !== 'active') return [];
      const record = state.nodes[nodeId(state.clusterId, host.facts.machineId)];
      return record?.roles.includes('controlplane') === true ? [key] : [];
    }),
  );
}

/** The steps in an order in which they may happen. */
function inTurn(steps: readonly Step[]): readonly Step[] {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const seen = new Set<StepId>();
  const ordered: Step[] = [];
  const visit = (step: Step): void => {
    if (seen.has(step.id)) return;
    seen.add(step.id);
    for (const id of [...step.needs, ...step.after]) {
      const earlier = byId.get(id);
      if (earlier !== undefined) visit(earlier);
    }
    ordered.push(step);
  };
  for (const step of steps) visit(step);
  return ordered;
}

function nobodyLeft(name: string): Diagnostic {
  return {
    severity: 'error',
    code: 'control-plane-alone',
    node: name,
    message: `${name} would have to leave the cluster while no other control plane is up that could delete its Node and see it go.`,
    hint: 'Add another control plane to the file first and run `rke2ctl up`; then make this change.',
  };
}
