import type { Observed } from '../domain/observed.ts';
import { findNode } from './list-nodes.ts';
import type { NodeWork } from './up-input.ts';

/** True for a node whose API server answers, whatever it is to be: until it becomes that in this run, it can be asked. */
export function isPlaneNow(
  { desired, facts }: Pick<NodeWork, 'desired' | 'facts'>,
  observed: Observed,
): boolean {
  const { server, apiAnswers } = facts.rke2;
  const node = findNode(observed, desired.planned.name);
  return server.active === 'active' && apiAnswers && node?.roles.includes('control-plane') === true;
}
