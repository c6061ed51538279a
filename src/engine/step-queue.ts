import type { StepOutcome } from '../domain/event.ts';
import type { Step, StepId } from '../domain/plan.ts';

/** The steps that still wait: hands out those whose time has come, and those whose time will never come. */
export class StepQueue {
  readonly #waiting: Map<StepId, Step>;
  readonly #known: ReadonlySet<StepId>;
  readonly #ended = new Map<StepId, boolean>();
  readonly #busy = new Map<string, number>();
  readonly #limits: Readonly<Record<string, number>>;
  readonly #poolOf: (step: Step) => string;

  constructor(
    steps: readonly Step[],
    limits: Readonly<Record<string, number>>,
    poolOf: (step: Step) => string,
  ) {
    this.#waiting = new Map(steps.map((step) => [step.id, step]));
    this.#known = new Set(this.#waiting.keys());
    this.#limits = limits;
    this.#poolOf = poolOf;
  }

  /** Steps that may start now; they count as running until `end`. In the plan's order. */
  takeReady(): readonly Step[] {
    const taken: Step[] = [];
    for (const step of this.#waiting.values()) {
      const pool = this.#poolOf(step);
      const busy = this.#busy.get(pool) ?? 0;
      if (busy >= (this.#limits[pool] ?? Number.POSITIVE_INFINITY) || !this.#isReady(step)) continue;
      this.#busy.set(pool, busy + 1);
      taken.push(step);
    }
    for (const step of taken) this.#waiting.delete(step.id);
    return taken;
  }

  /** Steps that need one which failed or was skipped. */
  takeSkipped(): readonly Step[] {
    const taken = [...this.#waiting.values()].filter((step) => this.#isLost(step));
    for (const step of taken) {
      this.#waiting.delete(step.id);
      this.#busy.set(this.#poolOf(step), (this.#busy.get(this.#poolOf(step)) ?? 0) + 1);
    }
    return taken;
  }

  hasSkipped(): boolean {
    return [...this.#waiting.values()].some((step) => this.#isLost(step));
  }

  /** Gives a step's place in its pool back and lets those behind it know. */
  end(step: Step, outcome: StepOutcome): void {
    const pool = this.#poolOf(step);
    const busy = this.#busy.get(pool) ?? 0;
    if (busy > 0) this.#busy.set(pool, busy - 1);
    this.#ended.set(step.id, outcome === 'done' || outcome === 'unchanged');
  }

  /** What never started. */
  remaining(): readonly Step[] {
    return [...this.#waiting.values()];
  }

  /** A wait for a step that is not in the plan is a wait for nothing. */
  #isReady(step: Step): boolean {
    const ended = (id: StepId) => this.#ended.has(id) || !this.#known.has(id);
    return step.needs.every(ended) && step.after.every(ended) && !this.#isLost(step);
  }

  #isLost(step: Step): boolean {
    return step.needs.some((id) => this.#ended.get(id) === false);
  }
}
