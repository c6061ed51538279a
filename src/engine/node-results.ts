import type { NodeResult } from '../domain/event.ts';
import type { Plan, PlannedNode, Step, StepId } from '../domain/plan.ts';
import type { StepEnd } from './step-end.ts';

/** One row per node of the file, the unreachable ones last. A node's time is the sum of its steps. */
export function nodeResults(plan: Plan, ends: ReadonlyMap<StepId, StepEnd>): readonly NodeResult[] {
  const byNode = new Map<string, { readonly node: PlannedNode; readonly steps: Step[] }>(
    plan.nodes.map((node) => [node.key, { node, steps: [] }]),
  );
  for (const step of plan.steps) {
    if (step.node === null) continue;
    const entry = byNode.get(step.node.key) ?? { node: step.node, steps: [] };
    entry.steps.push(step);
    byNode.set(step.node.key, entry);
  }
  const reached = [...byNode.values()].map(({ node, steps }) => resultOf(node, steps, ends));
  const unreachable = plan.unreachable.map(
    (key): NodeResult => ({
      key,
      name: key,
      roles: [],
      result: 'unreachable',
      durationMs: 0,
      lastWords: 'not reached, for the reason above; run the same command again once that is mended',
    }),
  );
  return [...reached, ...unreachable];
}

const WORST_FIRST = ['failed', 'unknown', 'cancelled', 'skipped', 'done', 'unchanged'] as const;

function resultOf(node: PlannedNode, steps: readonly Step[], ends: ReadonlyMap<StepId, StepEnd>): NodeResult {
  const known = steps.flatMap((step) => {
    const end = ends.get(step.id);
    return end === undefined ? [] : [{ step, end }];
  });
  const worst =
    WORST_FIRST.find((outcome) => known.some(({ end }) => end.outcome === outcome)) ?? 'unchanged';
  const culprit = known.find(({ end }) => end.outcome === worst);
  return {
    key: node.key,
    name: node.name,
    roles: node.roles,
    result: worst,
    durationMs: known.reduce((sum, { end }) => sum + end.durationMs, 0),
    lastWords:
      worst === 'skipped' && culprit !== undefined
        ? `${culprit.step.kind} waits for a step that failed`
        : firstWords(culprit?.end.failure?.message ?? ''),
  };
}

/** One line for the table; a first line that only announces what follows takes that along. */
function firstWords(message: string): string {
  const [first = '', second = ''] = message.split('\n');
  return first.endsWith(':') ? `${first} ${second.trim()}` : first;
}
