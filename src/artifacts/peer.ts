import type { NodeKey } from '../domain/cluster.ts';

/** A node that takes or gives files. */
export interface Peer {
  readonly key: NodeKey;
  /** What the other nodes use to reach it. */
  readonly address: string;
}
