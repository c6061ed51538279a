import type { PlannedNode, Step, StepId, StepKind } from '../domain/plan.ts';
import { stepId } from './step-id.ts';

/** A step of a host before its place among the others is known; `K` ties a draft's parameters to its kind. */
export type Draft<K extends StepKind = StepKind> = K extends StepKind
  ? Omit<Extract<Step, { readonly kind: K }>, 'id' | 'node' | 'needs' | 'after'> & {
      /** Where a host has two steps of one kind. */
      readonly id?: StepId;
      /** What it waits for beside the step before it on its host. */
      readonly needs?: readonly StepId[];
      readonly after?: readonly StepId[];
    }
  : never;

/** The steps of one host, each waiting for the one before; the first for `prior`. */
export function chainSteps(
  node: PlannedNode,
  prior: readonly StepId[],
  drafts: readonly Draft[],
): readonly Step[] {
  const ids = drafts.map((draft) => draft.id ?? stepId(draft.kind, node));
  return drafts.map((draft, index): Step => {
    const ties = {
      id: ids[index] ?? '',
      node,
      needs: [...new Set([...(index === 0 ? prior : ids.slice(index - 1, index)), ...(draft.needs ?? [])])],
      after: draft.after ?? [],
    };
    return { ...draft, ...ties };
  });
}
