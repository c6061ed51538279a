import type { PlannedNode, Step, StepId, StepKind } from '../../domain/plan.ts';
import { stepId } from '../step-id.ts';

/** A step without its ties; `K` ties its parameters to its kind. */
export type Draft<K extends StepKind = StepKind> = K extends StepKind
  ? Omit<Extract<Step, { readonly kind: K }>, 'id' | 'needs' | 'after'> & {
      /** Where a node has two steps of one kind. */
      readonly id?: StepId;
    }
  : never;

/**
 * Steps of which each needs the one before. A stretch is done when its last step is, and is repeated from its beginning
 * when it was cut off: every step of it must bear that.
 */
export type Stretch = readonly Step[];

/** The steps of one stretch; the first needs `prior`. */
export function makeStretch(drafts: readonly Draft[], prior: readonly StepId[] = []): Stretch {
  const ids = drafts.map((draft) => draft.id ?? idOf(draft.kind, draft.node));
  return drafts.map((draft, index): Step => {
    const needs = index === 0 ? prior : ids.slice(index - 1, index);
    return { ...draft, id: ids[index] ?? '', needs, after: [] };
  });
}

/** One stretch after another: each needs the end of the one before, the first needs `prior`. */
export function inTurn(
  stretches: readonly (readonly Draft[])[],
  prior: readonly StepId[] = [],
): readonly Stretch[] {
  let before = prior;
  return stretches
    .filter((drafts) => drafts.length > 0)
    .map((drafts) => {
      const stretch = makeStretch(drafts, before);
      before = endOf(stretch);
      return stretch;
    });
}

/** At most `lanes` stretches at once; one that fails holds up its own lane and no other. */
export function inLanes(
  stretches: readonly (readonly Draft[])[],
  lanes: number,
  prior: readonly StepId[] = [],
): readonly Stretch[] {
  const rows = Array.from({ length: lanes }, (_, lane) =>
    stretches.filter((_stretch, index) => index % lanes === lane),
  );
  return rows.flatMap((row) => inTurn(row, prior));
}

/** With these every one of the stretches is done. */
export function endsOf(stretches: readonly Stretch[]): readonly StepId[] {
  return stretches.flatMap(endOf);
}

function endOf(stretch: Stretch): readonly StepId[] {
  return stretch.slice(-1).map(({ id }) => id);
}

function idOf(kind: StepKind, node: PlannedNode | null): StepId {
  return node === null ? kind : stepId(kind, node);
}
