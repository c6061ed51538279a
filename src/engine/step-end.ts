import type { Failure, StepOutcome } from '../domain/event.ts';

/** How a step ended, as its event says. */
export interface StepEnd {
  readonly outcome: StepOutcome;
  readonly durationMs: number;
  readonly failure?: Failure;
}
