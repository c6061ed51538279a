import type { Plan, Step } from '../../src/domain/plan.ts';
import { beginRun, planInput, planWorld, type World } from './model-hosts.ts';
import { applyStep } from './model-steps.ts';

/** The steps in an order in which the engine may run them; `pick` chooses among those that are ready. */
export function order(plan: Plan, pick: (ready: readonly Step[]) => Step): Step[] {
  const done = new Set<string>();
  const known = new Set(plan.steps.map((step) => step.id));
  const ordered: Step[] = [];
  while (ordered.length < plan.steps.length) {
    const ready = plan.steps.filter(
      (step) =>
        !done.has(step.id) && [...step.needs, ...step.after].every((id) => done.has(id) || !known.has(id)),
    );
    if (ready.length === 0) throw new Error(`the plan waits for itself: ${circle(plan, done)}`);
    const next = pick(ready);
    done.add(next.id);
    ordered.push(next);
  }
  return ordered;
}

/** Steps of which each waits for the next, and the last for the first. */
function circle({ steps }: Plan, done: ReadonlySet<string>): string {
  const waiting = new Map(steps.filter(({ id }) => !done.has(id)).map((step) => [step.id, step]));
  const path: string[] = [];
  let next = [...waiting.keys()][0];
  while (next !== undefined && !path.includes(next)) {
    path.push(next);
    const step = waiting.get(next);
    next = [...(step?.needs ?? []), ...(step?.after ?? [])].find((id) => waiting.has(id));
  }
  return path.slice(path.indexOf(next ?? '')).join(' < ');
}

/** The order of the plan itself. */
export const first = (ready: readonly Step[]) => ready[0] as Step;

/** The world after these steps of a plan that was made from it; `look` sees it after each of them. */
export function carryOut(
  world: World,
  steps: readonly Step[],
  look: (world: World, step: Step) => void = () => {},
): World {
  const input = planInput(world);
  return steps.reduce(
    (before, step) => {
      const after = applyStep(before, step, { input });
      look(after, step);
      return after;
    },
    beginRun(world, input),
  );
}

/** Plans and carries out until nothing is left; how often that took. */
export function converge(world: World): { readonly world: World; readonly rounds: number } {
  let current = world;
  for (let rounds = 0; rounds < 5; rounds += 1) {
    const plan = planWorld(current);
    // Also a run with nothing to do writes the state.
    if (plan.steps.length === 0) return { world: beginRun(current, planInput(current)), rounds };
    current = carryOut(current, order(plan, first));
  }
  throw new Error(
    `does not end: ${planWorld(current)
      .steps.map((step) => step.id)
      .join(', ')}`,
  );
}
