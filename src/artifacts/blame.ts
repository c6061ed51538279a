import type { NodeKey } from '../domain/cluster.ts';

/**
 * Who damages what passes through it: a node whose own copy is right although another got wrong bytes of it. One that got
 * them wrong itself only handed them on.
 */
export class Blame {
  /** By file: nodes that were given wrong bytes. */
  readonly #deceived = new Map<string, Set<NodeKey>>();
  /** By file: nodes that gave wrong bytes, and of whose own copy nothing is known yet. */
  readonly #suspects = new Map<string, Set<NodeKey>>();

  /** `key` was given wrong bytes by these nodes, some of which may still take the file; gives the guilty. */
  accuse(
    file: string,
    key: NodeKey,
    givers: Iterable<NodeKey>,
    isWhole: (giver: NodeKey) => boolean,
  ): readonly NodeKey[] {
    of(this.#deceived, file).add(key);
    of(this.#suspects, file).delete(key);
    const guilty: NodeKey[] = [];
    for (const giver of givers) {
      if (of(this.#deceived, file).has(giver)) continue;
      if (isWhole(giver)) guilty.push(giver);
      else of(this.#suspects, file).add(giver);
    }
    return guilty;
  }

  /** The node has the whole file, and it is right: true when it is guilty. */
  settle(file: string, key: NodeKey): boolean {
    return of(this.#suspects, file).delete(key);
  }
}

function of(sets: Map<string, Set<NodeKey>>, file: string): Set<NodeKey> {
  const known = sets.get(file) ?? new Set();
  sets.set(file, known);
  return known;
}
