import type { NodeKey } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { SLOW_ETCD_LINK_MS } from './requirements.ts';

/** One measured way between two etcd nodes, there and back. */
export interface EtcdLink {
  readonly from: NodeKey;
  readonly to: NodeKey;
  readonly roundTripMs: number;
}

/** A warning for every way that is too long: etcd's heartbeat goes out every 100 ms, and every write waits for a majority. */
export function slowLinkFindings(
  links: readonly EtcdLink[],
  labelOf: (key: NodeKey) => string,
): readonly Diagnostic[] {
  return links
    .filter((link) => link.roundTripMs > SLOW_ETCD_LINK_MS)
    .map((link) => ({
      severity: 'warning',
      code: 'etcd-link',
      message: `From ${labelOf(link.from)} to ${labelOf(link.to)} a packet takes ${link.roundTripMs.toFixed(0)} ms there and back. etcd slows down beyond ${SLOW_ETCD_LINK_MS} ms and may lose its leader.`,
      hint: 'Keep the etcd nodes in one place; for distant sites run a cluster each.',
    }));
}
