import type { NodeKey } from '../../domain/cluster.ts';
import type { Step, StepId } from '../../domain/plan.ts';
import type { Span } from './span.ts';

/** A step that has ended. */
export interface StepSpan extends Span {
  readonly step: StepId;
}

export interface PlannedSteps {
  /** When the engine began. */
  readonly startMs: number;
  readonly steps: ReadonlyMap<StepId, Pick<Step, 'needs' | 'after'>>;
}

/** Shorter ones are the way from one step to the next. */
const LEAST_MS = 5;

/** When each host did nothing although a step of it was still to come, and what it waited for. */
export function findWaits(
  plan: PlannedSteps,
  ended: readonly StepSpan[],
  nameOf: (key: NodeKey) => string,
): readonly Span[] {
  const byStep = new Map(ended.map((span) => [span.step, span]));
  const keys = new Set(ended.map(({ key }) => key));
  return [...keys].flatMap((key) => {
    const own = ended.filter((span) => span.key === key).sort((a, b) => a.startMs - b.startMs);
    let freeMs = plan.startMs;
    return own.flatMap((span) => {
      const startMs = freeMs;
      freeMs = Math.max(freeMs, span.endMs);
      if (span.startMs - startMs < LEAST_MS) return [];
      return splitWait(span, startMs, lastNeeded(plan, byStep, span), nameOf);
    });
  });
}

/** Of the steps that this one had to wait for, the one that ended last. */
function lastNeeded(
  { steps }: PlannedSteps,
  ended: ReadonlyMap<StepId, StepSpan>,
  { step }: StepSpan,
): StepSpan | null {
  const { needs = [], after = [] } = steps.get(step) ?? {};
  const before = [...needs, ...after].flatMap((id) => ended.get(id) ?? []);
  return before.reduce<StepSpan | null>(
    (last, span) => (last === null || span.endMs > last.endMs ? span : last),
    null,
  );
}

/** First for what it needs, then for one of the places that such steps share. */
function splitWait(
  { key, startMs: endMs, name }: StepSpan,
  startMs: number,
  needed: StepSpan | null,
  nameOf: (key: NodeKey) => string,
): readonly Span[] {
  const readyMs = Math.max(startMs, needed?.endMs ?? startMs);
  const wait = (from: number, to: number, words: string): readonly Span[] =>
    to - from < LEAST_MS
      ? []
      : [{ kind: 'wait', name: words, key, startMs: from, endMs: to, detail: { before: name } }];
  const where = needed === null || needed.key === null ? 'here' : `on ${nameOf(needed.key)}`;
  return [
    ...wait(startMs, Math.min(readyMs, endMs), `waits for: ${needed?.name} ${where}`),
    ...wait(readyMs, endMs, 'waits for its turn'),
  ];
}
