import type { EtcdMember, Observed } from '../domain/observed.ts';

/** A node's etcd member among all. */
export interface FoundMember extends EtcdMember {
  /** How many members etcd has, learners included. */
  readonly count: number;
}

/** The member of the node of this name, as the first server says whose etcd answers; null where none does, or has none. */
export function findMember({ hosts }: Observed, name: string): FoundMember | null {
  for (const host of Object.values(hosts)) {
    const members = host.reachable ? host.facts.rke2.members : null;
    if (members === null) continue;
    const found = members.find((member) => member.name.replace(/-[0-9a-f]{8}$/, '') === name);
    return found === undefined ? null : { ...found, count: members.length };
  }
  return null;
}
