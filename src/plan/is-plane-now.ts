import type { NodeWork } from './up-input.ts';

/** True for a node whose API server answers, whatever it is to be: until it becomes that in this run, it can be asked. */
export function isPlaneNow({ desired, facts }: Pick<NodeWork, 'desired' | 'facts'>): boolean {
  const node = facts.rke2.nodes?.find(({ name }) => name === desired.planned.name);
  return facts.rke2.server.active === 'active' && node?.roles.includes('control-plane') === true;
}
