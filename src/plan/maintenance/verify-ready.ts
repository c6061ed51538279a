import type { StepId } from '../../domain/plan.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { members } from './members.ts';
import { makeStretch, type Stretch } from './stretch.ts';

/** What proves at the end that the cluster lives: every Node that is a member is Ready. */
export function verifyReady(input: MaintenanceInput, prior: readonly StepId[]): readonly Stretch[] {
  const { servers, agents } = members(input);
  const plane = servers.find(({ roles }) => roles.includes('controlplane'));
  if (plane === undefined) return [];
  const nodes = [...servers, ...agents].map(({ key, name, roles, address }) => ({
    key,
    name,
    roles,
    address,
  }));
  return [
    makeStretch([{ kind: 'verify-nodes', node: plane, reason: 'every node must be back', nodes }], prior),
  ];
}
