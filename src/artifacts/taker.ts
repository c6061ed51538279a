import type { NodeKey } from '../domain/cluster.ts';

/** Where bytes come into the cluster. */
export type Outside = 'operator' | 'url';

/** A node and a file that it takes. */
export interface Taker {
  bytes: number;
  source: Outside | NodeKey | null;
  /** Bytes when this source began, and when that was. */
  startBytes: number;
  startedAt: number;
  /** When `bytes` last grew, and when the node last said how many they are. */
  grownAt: number;
  heardAt: number;
  /** How often it has left a source for one that is further on. */
  moves: number;
}

/** True of a node's key. */
export function isNode(source: Taker['source']): source is NodeKey {
  return source !== null && source !== 'operator' && source !== 'url';
}

/** Nodes report every second; one that has just done so is alive. */
export const ALIVE_MS = 3_000;
