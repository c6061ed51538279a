import { findNode } from './list-nodes.ts';
import type { NodeWork, UpInput } from './up-input.ts';

/**
 * True for a member that is out of service and stays so: its service was stopped and drift is kept, or its Node was deleted
 * and no restart brings it back. Nothing may go through it, and nobody waits for it.
 */
export function isLeftDown(
  { observed }: Pick<UpInput, 'observed'>,
  { desired, changes, facts, record, rejoins }: NodeWork,
): boolean {
  if (record?.phase !== 'joined' || rejoins !== null || changes.start !== null) return false;
  const { service, name } = desired.planned;
  const unit = service === 'rke2-server' ? facts.rke2.server : facts.rke2.agent;
  const isGone = findNode(observed, name) === null;
  return unit.active !== 'active' || isGone;
}
