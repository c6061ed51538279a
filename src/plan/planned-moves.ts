import type { NodeKey } from '../domain/cluster.ts';
import { sha256 } from '../lib/hash.ts';
import type { DesiredInput } from '../render/desired-node.ts';
import { findMove, moveName, strandedBy } from './find-move.ts';

/** The move of a member that stays one, as its steps need it. */
export interface PlannedMove {
  readonly how: 'reset' | 'restart';
  /** As the state calls it until it is over. */
  readonly name: string;
  /** Of the reset: another for each address, so that what was done for one is never taken for done for another. */
  readonly mark: string;
  /** Ids of the nodes that it cuts off. */
  readonly stranded: readonly string[];
}

export interface Moves {
  readonly own: ReadonlyMap<NodeKey, PlannedMove>;
  /** Ids of all nodes that are cut off by one of them. */
  readonly stranded: ReadonlySet<string>;
}

/** The moves that this run mends; a member that leaves and joins anew for its move is none of them. */
export function findMoves(input: DesiredInput): Moves {
  const own = new Map<NodeKey, PlannedMove>();
  for (const spec of input.cluster.nodes) {
    const move = findMove(input, spec);
    if (move === null || move.how === 'rejoin') continue;
    const name = moveName(move, input.state);
    const mark = `${name}-${sha256(move.to).slice(0, 8)}`;
    own.set(spec.key, { how: move.how, name, mark, stranded: strandedBy(move, input.state) });
  }
  return { own, stranded: new Set([...own.values()].flatMap(({ stranded }) => stranded)) };
}
