import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';

/** Kubernetes knows a taint by key and effect; a second value would replace the first. */
export function checkTaints(draft: ClusterDraft): readonly Finding[] {
  return (draft.nodes ?? []).flatMap((node, index) => {
    const seen = new Set<string>();
    return (node?.taints ?? []).flatMap((taint, place) => {
      if (taint?.key === undefined || taint.effect === undefined) return [];
      const id = `${taint.key}:${taint.effect}`;
      if (!seen.has(id)) {
        seen.add(id);
        return [];
      }
      return [
        findingAt(['nodes', index, 'taints', place], {
          code: 'taint-duplicate',
          message: `The taint \`${id}\` is given twice to this node, and only one value can hold.`,
          hint: 'Remove one of the two.',
        }),
      ];
    });
  });
}
