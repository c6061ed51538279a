import type { Drift } from '../domain/plan.ts';
import { driftOfCluster } from './drift-of-cluster.ts';
import { driftOfHost } from './drift-of-host.ts';
import { driftOfNode } from './drift-of-node.ts';
import { resolveMembership } from './membership.ts';
import type { NodeWork, UpInput } from './up-input.ts';

/**
 * What somebody or something else has changed since our last run, in the order of the file, then what concerns the whole
 * cluster. Drift is what is otherwise than we wrote, set or left it; what only the file asks for otherwise is none. Of
 * nodes that have not joined, and of those that leave or join anew, nothing is told: they are still on their way.
 */
export function findDrift(input: UpInput, work: readonly NodeWork[]): readonly Drift[] {
  const settled = work.filter(({ record, rejoins }) => record?.phase === 'joined' && rejoins === null);
  const { departures } = resolveMembership(input.cluster, input.observed, input.state);
  const found = [
    ...settled.flatMap((node) => [...driftOfHost(input, node), ...driftOfNode(input, node)]),
    ...driftOfCluster(input, work, departures),
  ];
  return input.keepDrift === true ? found.map(left) : found;
}

function left(drift: Drift): Drift {
  return drift.mended
    ? { ...drift, mended: false, message: `${drift.message}; it stays so, as asked` }
    : drift;
}
