import type { NodeKey } from '../domain/cluster.ts';

/**
 * Who damages what passes through it: a node whose own copy is right although another got wrong bytes of it. One that got
 * them wrong itself only handed them on, and one that complains of several nodes is rather what is wrong with them all.
 */
export class Blame {
  /** By file: nodes that were given wrong bytes. */
  readonly #deceived = new Map<string, Set<NodeKey>>();
  /** By file: nodes that gave wrong bytes, and of whose own copy nothing is known yet. */
  readonly #suspects = new Map<string, Set<NodeKey>>();
  /** By node: whom it has named, of whatever file. */
  readonly #named = new Map<NodeKey, Set<NodeKey>>();

  /** `key` was given wrong bytes by these nodes, some of which may still take the file; gives the guilty. */
  accuse(
    file: string,
    key: NodeKey,
    givers: Iterable<NodeKey>,
    isWhole: (giver: NodeKey) => boolean,
  ): readonly NodeKey[] {
    of(this.#deceived, file).add(key);
    of(this.#suspects, file).delete(key);
    const deceivers = [...givers].filter((giver) => !of(this.#deceived, file).has(giver));
    for (const giver of deceivers) of(this.#named, key).add(giver);
    if (of(this.#named, key).size > 1) return [];
    for (const giver of deceivers) if (!isWhole(giver)) of(this.#suspects, file).add(giver);
    return deceivers.filter(isWhole);
  }

  /** The node has the whole file, and it is right: true when it is guilty. */
  settle(file: string, key: NodeKey): boolean {
    return of(this.#suspects, file).delete(key);
  }
}

function of(sets: Map<string, Set<NodeKey>>, name: string): Set<NodeKey> {
  const known = sets.get(name) ?? new Set();
  sets.set(name, known);
  return known;
}
