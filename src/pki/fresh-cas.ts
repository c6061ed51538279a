import type { ClusterCas } from '../domain/cluster-cas.ts';
import { makeCasBelow, makeRoot } from './make-cas.ts';
import { crossSignCas, makeRotatedCas } from './rotate-cas.ts';

/**
 * The CAs that a cluster gets in place of others: `own`, or new ones where that is null. Where `old` is given they are
 * signed by those, too, so that who trusts only the old ones is led to them.
 */
export function freshCas(own: ClusterCas | null, old: ClusterCas | null, now: Date): ClusterCas {
  if (old === null) return own ?? unrelatedCas(now);
  return own === null ? makeRotatedCas(old, now) : crossSignCas(own, old, now);
}

function unrelatedCas(now: Date): ClusterCas {
  return makeCasBelow({ ...makeRoot(`rke2-root@${Math.floor(now.getTime() / 1000)}`, now), above: [] }, now);
}
