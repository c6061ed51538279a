import type { NodeKey } from '../../src/domain/cluster.ts';
import type { Plan, Step } from '../../src/domain/plan.ts';
import { StepQueue } from '../../src/engine/step-queue.ts';
import { HarmError, livingPlanes } from './model-cluster.ts';
import { beginRun, planInput, planWorld, type World } from './model-hosts.ts';
import { applyStep, type StepRun } from './model-steps.ts';

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

/** What goes wrong in a run, and who decides about what is left to chance. */
export interface Mishap {
  readonly plan: Plan;
  /** The step that fails. */
  readonly failing: Step;
  /** What it has done by then. */
  readonly fail: (world: World, step: Step, run: StepRun) => World;
  readonly pick: (ready: readonly Step[]) => Step;
  readonly look: (world: World, step: Step) => void;
}

export interface MishapEnd {
  readonly world: World;
  /** What ran, and how that ended (`unanswered`: no API server is up any more, whoever is asked); the rest was skipped. */
  readonly ended: ReadonlyMap<Step, 'done' | 'unanswered' | Error>;
}

/** The world after a run in which one step fails, and with it what then cannot work; what runs is the engine's choice. */
export function carryOutWithMishap(world: World, { plan, failing, fail, pick, look }: Mishap): MishapEnd {
  const input = planInput(world);
  const queue = new StepQueue(plan.steps, {}, () => '');
  const ended = new Map<Step, 'done' | 'unanswered' | Error>();
  const lost = new Set<NodeKey>();
  const ready = new Set<Step>();
  let current = beginRun(world, input);
  for (;;) {
    for (let skipped = queue.takeSkipped(); skipped.length > 0; skipped = queue.takeSkipped())
      for (const step of skipped) lose(step, 'skipped');
    for (const step of queue.takeReady()) ready.add(step);
    if (ready.size === 0) return { world: current, ended };
    const step = pick([...ready]);
    ready.delete(step);
    const end = attempt(step);
    ended.set(step, end);
    if (end === 'done') queue.end(step, 'done');
    else lose(step, 'failed');
    look(current, step);
  }

  function attempt(step: Step): 'done' | 'unanswered' | Error {
    if (step === failing) {
      current = fail(current, step, { input, lost });
      return new Error('as it was to be');
    }
    try {
      current = applyStep(current, step, { input, lost });
      return 'done';
    } catch (error) {
      if (!(error instanceof Error) || error instanceof HarmError) throw error;
      return livingPlanes(current).length === 0 ? 'unanswered' : error;
    }
  }

  function lose(step: Step, outcome: 'failed' | 'skipped'): void {
    queue.end(step, outcome);
    if (step.node !== null) lost.add(step.node.key);
  }
}
