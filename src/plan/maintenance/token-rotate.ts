import type { Plan, PlannedNode, StepId } from '../../domain/plan.ts';
import { sha256 } from '../../lib/hash.ts';
import { factsOf } from '../../render/desired-node.ts';
import { renderTokenFiles } from '../../render/token-files.ts';
import { isServer } from '../../rke2/roles.ts';
import { checkAdoptedFiles } from './check-adopted-files.ts';
import { checkMembers } from './check-members.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { maintenancePlan } from './maintenance-plan.ts';
import { members } from './members.ts';
import { type AroundRestart, askingFounder, isFounder, restartAll } from './restarts.ts';
import { safetySnapshot } from './safety-snapshot.ts';
import { type Draft, endsOf, makeStretch, type Stretch } from './stretch.ts';
import { verifyReady } from './verify-ready.ts';

const REASON = 'the tokens are to be replaced';

/**
 * New server and agent tokens. The state has them before any host does, then the cluster's copy of the state, then the
 * bootstrap data, then the servers' files at once (a server that starts with the old token from here on does not come
 * up), then servers start anew one by one, then agents get theirs.
 */
export function planTokenRotate(input: MaintenanceInput): Plan {
  const snapshot = safetySnapshot(input);
  const rotation = rotationStretches(input, endsOf(snapshot));
  const { servers } = members(input);
  const files = servers.map((node) => makeStretch([tokenFiles(input, node)], endsOf(rotation)));
  const around: AroundRestart = (node, restart) =>
    isServer(node.roles) ? [askingFounder(input, node, restart)] : [tokenFiles(input, node), restart];
  const why = 'so that it works with the new token';
  const restarts = restartAll(input, why, endsOf(files), around, isFounder(input));
  const before = [...snapshot, ...rotation, ...files, ...restarts];
  const findings = [...checkMembers(input), ...checkAdoptedFiles(input)];
  return maintenancePlan(input, [...before, ...verifyReady(input, endsOf(restarts))], findings);
}

function rotationStretches(input: MaintenanceInput, prior: readonly StepId[]): readonly Stretch[] {
  const { servers } = members(input);
  const isUp = ({ key }: PlannedNode) => factsOf(input.observed, key)?.rke2.server.active === 'active';
  const plane = servers.find((node) => isUp(node) && node.roles.includes('controlplane'));
  const place = servers.find((node) => isUp(node) && node.roles.includes('etcd')) ?? servers[0];
  if (place === undefined) return [];
  const copy: readonly Draft[] =
    plane === undefined
      ? []
      : [
          {
            kind: 'copy-state',
            id: 'copy-state before',
            node: plane,
            reason: 'the new tokens must not be lost with this machine',
          },
        ];
  // Whichever server does it in the end, it is the same step.
  return [
    makeStretch([...copy, { kind: 'rotate-token', id: 'rotate-token', node: place, reason: REASON }], prior),
  ];
}

/** The files as they will be once the state has made the next tokens the present ones. */
function tokenFiles({ state, bootstrapKey }: MaintenanceInput, node: PlannedNode): Draft<'write-files'> {
  const { next, ...secrets } = state.secrets;
  const later = { ...state, secrets: next ?? secrets };
  const files = renderTokenFiles(node.roles, node.key === bootstrapKey, later).map(
    ({ path, mode, content }) => ({
      path,
      mode,
      sha256: content === null ? null : sha256(content),
    }),
  );
  return { kind: 'write-files', node, reason: REASON, files, removed: [] };
}
