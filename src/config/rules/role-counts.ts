import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, type Mistake } from '../finding.ts';

/** Numbers of nodes per role that work, but not as well as people expect. */
export function checkRoleCounts(draft: ClusterDraft): readonly Finding[] {
  const roles = draft.nodes?.map((node) => node?.role);
  if (!roles || roles.length === 0 || roles.some((each) => each === undefined || each.includes(undefined)))
    return [];
  const etcd = roles.filter((each) => each?.includes('etcd')).length;
  const warnings: Mistake[] = [];
  if (etcd > 5) {
    warnings.push({
      code: 'etcd-many',
      message: `${etcd} nodes have the role \`etcd\`: beyond 5 every write only gets slower.`,
      hint: 'Take 3 or 5 of them.',
    });
  } else if (etcd > 0 && etcd % 2 === 0) {
    warnings.push({
      code: 'etcd-even',
      message: `${etcd} nodes have the role \`etcd\`: an even number bears no more failures than ${etcd - 1} would.`,
      hint: `Take ${etcd - 1} or ${etcd + 1} of them.`,
    });
  }
  if (!roles.some((each) => each?.includes('worker'))) {
    warnings.push({
      code: 'worker-none',
      message:
        'No node has the role `worker`, so that nothing but the cluster itself will run, without its ingress and metrics.',
      hint: 'Add `worker` to the `role` of at least one node.',
    });
  }
  return warnings.map((mistake) => findingAt(['nodes'], { severity: 'warning', ...mistake }, 'key'));
}
