import type { Step } from './plan.ts';

/**
 * The steps one after the other in an order in which they may happen: none before what it waits for, and of those whose
 * turn it is the plan's first. What waits in a circle, which no plan of ours does, comes last as it stands.
 */
export function orderSteps(steps: readonly Step[]): readonly Step[] {
  const known = new Set(steps.map(({ id }) => id));
  const waits = new Map(
    steps.map((step) => [step.id, new Set([...step.needs, ...step.after].filter((id) => known.has(id)))]),
  );
  const ordered: Step[] = [];
  const done = new Set<string>();
  let left = steps;
  while (left.length > 0) {
    const before = left.length;
    left = left.filter((step) => {
      for (const id of waits.get(step.id) ?? []) if (!done.has(id)) return true;
      done.add(step.id);
      ordered.push(step);
      return false;
    });
    if (left.length === before) return [...ordered, ...left];
  }
  return ordered;
}
