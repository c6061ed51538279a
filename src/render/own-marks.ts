import type { ClusterNode } from '../domain/cluster.ts';
import type { NodeRecord } from '../domain/state.ts';
import { nodeTaints, roleTaints, taintId } from './node-taints.ts';

/** Keys of labels, and `key:effect` of taints, that are ours on a Node and may be taken away by us. */
export type OwnMarks = Pick<NodeRecord, 'labels' | 'taints'>;

/**
 * What becomes ours when a node registers with these settings, beside what an earlier attempt to join may have brought.
 * A node that has joined keeps what it has: from then on labels and taints go through the API.
 */
export function marksOf(spec: ClusterNode | undefined, before: NodeRecord | undefined): OwnMarks {
  if (before?.phase === 'joined') {
    // States of earlier releases: the taint that follows from its roles is ours in any case.
    const taints = before.taints ?? roleTaints(before.roles).map(taintId);
    return { ...(before.labels === undefined ? {} : { labels: before.labels }), taints };
  }
  return {
    labels: merge(before?.labels, Object.keys(spec?.labels ?? {})),
    taints: merge(before?.taints, spec === undefined ? [] : nodeTaints(spec).map(taintId)),
  };
}

function merge(before: readonly string[] | undefined, more: readonly string[]): readonly string[] {
  return [...new Set([...(before ?? []), ...more])].sort();
}
