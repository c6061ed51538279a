import type { PlannedNode, StepId, StepKind } from '../domain/plan.ts';

/** How a node's step is called in the plan: `start-service 10.0.0.2:22`. */
export function stepId(kind: StepKind, node: Pick<PlannedNode, 'key'>): StepId {
  return `${kind} ${node.key}`;
}
