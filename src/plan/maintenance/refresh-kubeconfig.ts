import type { StepId } from '../../domain/plan.ts';
import { apiUrl } from '../api-url.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { members } from './members.ts';
import { makeStretch, type Stretch } from './stretch.ts';

/** The admin's kubeconfig, whose certificate is a new one as well. */
export function refreshKubeconfig(input: MaintenanceInput, prior: readonly StepId[]): readonly Stretch[] {
  const plane = members(input).servers.find(({ roles }) => roles.includes('controlplane'));
  if (plane === undefined || prior.length === 0) return [];
  return [
    makeStretch(
      [
        {
          kind: 'write-kubeconfig',
          node: plane,
          reason: 'its certificate is a new one, too',
          server: apiUrl(input.cluster, plane.key),
        },
      ],
      prior,
    ),
  ];
}
