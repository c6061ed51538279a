import type { NodeKey } from '../domain/cluster.ts';
import { RootTrials } from './root-trials.ts';
import type { Taker } from './taker.ts';

/** Who takes a file, and who has it. */
export interface SharedFile {
  readonly takers: Map<NodeKey, Taker>;
  readonly holders: Set<NodeKey>;
  readonly trials: RootTrials;
  /** 0 while nobody said it. */
  sizeBytes: number;
}

/** Nobody has it yet. */
export function startSharedFile(): SharedFile {
  return { takers: new Map(), holders: new Set(), trials: new RootTrials(), sizeBytes: 0 };
}
