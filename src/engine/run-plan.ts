import type { NodeKey } from '../domain/cluster.ts';
import type { NodeResult, RunEvent, RunResult, StepOutcome } from '../domain/event.ts';
import type { Plan, Step, StepId } from '../domain/plan.ts';
import { failureOf } from './failure-of.ts';
import { nodeResults } from './node-results.ts';
import type { StepEnd } from './step-end.ts';
import { StepQueue } from './step-queue.ts';

/** How one step is carried out; resolves `unchanged` when a look showed that there was nothing to do. */
export type RunStep = (
  step: Step,
  run: {
    readonly signal: AbortSignal;
    readonly progress: (words: string, fraction?: number) => void;
    /** True when a step on that host failed, or was skipped or lost, earlier in this run. */
    readonly isLost: (key: NodeKey) => boolean;
  },
) => Promise<'done' | 'unchanged'>;

export interface RunDependencies {
  readonly runStep: RunStep;
  /** Called after a lost connection; true when the host answers again and the step may look and try once more. */
  readonly recover: (step: Step, error: unknown) => Promise<boolean>;
  readonly title: (step: Step) => string;
  readonly emit: (event: RunEvent) => void;
  /** No step starts once this is aborted; those in hand are finished. */
  readonly stop: AbortSignal;
  /** Steps in hand are ended as well. */
  readonly abort: AbortSignal;
  readonly now: () => number;
  /** When the command began, as `now` counts: the time at the end is what the person waited. Now, if not given. */
  readonly startedAt?: number;
  /** How many steps of one pool may run at once; `poolOf` names a step's pool. */
  readonly limits: Readonly<Record<string, number>>;
  readonly poolOf: (step: Step) => string;
}

const MOST_ATTEMPTS = 3;

const BAD: readonly StepOutcome[] = ['failed', 'unknown', 'skipped'];

/**
 * Carries out a plan: every step as soon as what it waits for has ended and its pool has room. A failed step takes along
 * only those that need it. Emits step events and, last, `run-ended`; never throws for a failing step.
 */
export async function runPlan(plan: Plan, dependencies: RunDependencies): Promise<RunResult> {
  const { emit, now, stop } = dependencies;
  const started = dependencies.startedAt ?? now();
  const queue = new StepQueue(plan.steps, dependencies.limits, dependencies.poolOf);
  const ends = new Map<StepId, StepEnd>();
  const running = new Map<StepId, Promise<void>>();

  const isLost = (key: NodeKey) =>
    plan.steps.some(({ id, node }) => {
      const outcome = node?.key === key ? ends.get(id)?.outcome : undefined;
      return outcome !== undefined && BAD.includes(outcome);
    });
  const settle = (step: Step, end: StepEnd) => {
    ends.set(step.id, end);
    queue.end(step, end.outcome);
    emit({ type: 'step-ended', step: step.id, kind: step.kind, node: step.node, ...end });
  };
  for (;;) {
    for (const step of queue.takeSkipped()) settle(step, { outcome: 'skipped', durationMs: 0 });
    if (!stop.aborted) {
      for (const step of queue.takeReady()) {
        const task = runOne(step, dependencies, isLost).then((end) => {
          running.delete(step.id);
          settle(step, end);
        });
        running.set(step.id, task);
      }
    }
    if (running.size > 0) await Promise.race(running.values());
    else if (queue.hasSkipped()) continue;
    else break;
  }
  for (const step of queue.remaining()) settle(step, { outcome: 'cancelled', durationMs: 0 });

  const nodes = nodeResults(plan, ends);
  const result: RunResult = { outcome: outcomeOf(plan, ends, nodes), durationMs: now() - started, nodes };
  emit({ type: 'run-ended', result });
  return result;
}

async function runOne(
  step: Step,
  dependencies: RunDependencies,
  isLost: (key: NodeKey) => boolean,
): Promise<StepEnd> {
  const { emit, now, abort, runStep, recover, title } = dependencies;
  const started = now();
  emit({ type: 'step-started', step: step.id, kind: step.kind, node: step.node, title: title(step) });
  const progress = (words: string, fraction?: number) =>
    emit({ type: 'step-progress', step: step.id, words, ...(fraction === undefined ? {} : { fraction }) });
  for (let attempt = 1; ; attempt += 1) {
    try {
      const outcome = await runStep(step, { signal: abort, progress, isLost });
      return { outcome, durationMs: now() - started };
    } catch (error) {
      const end = failureOf(error);
      const again = attempt < MOST_ATTEMPTS && end.outcome !== 'cancelled' && !abort.aborted;
      if (again && (await recover(step, error))) continue;
      return { ...end, durationMs: now() - started };
    }
  }
}

function outcomeOf(
  plan: Plan,
  ends: ReadonlyMap<StepId, StepEnd>,
  nodes: readonly NodeResult[],
): RunResult['outcome'] {
  const outcomes = [...ends.values()].map((end) => end.outcome);
  if (outcomes.includes('cancelled')) return 'cancelled';
  if (outcomes.some((outcome) => BAD.includes(outcome))) {
    const served = nodes.some((node) => node.result === 'done' || node.result === 'unchanged');
    return served ? 'partly' : 'failed';
  }
  // Nothing went wrong, there was only nobody to do it to.
  if (plan.unreachable.length > 0) return 'partly';
  return outcomes.includes('done') ? 'done' : 'nothing-to-do';
}
