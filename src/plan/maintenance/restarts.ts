import type { PlannedNode, StepId } from '../../domain/plan.ts';
import { isServer } from '../../rke2/roles.ts';
import { maxUnavailable } from '../max-unavailable.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { members } from './members.ts';
import { type Draft, endsOf, inLanes, inTurn, type Stretch } from './stretch.ts';

/** What is done on one node around its restart; `restart` is the step that starts its service. */
export type AroundRestart = (node: PlannedNode, restart: Draft<'start-service'>) => readonly Draft[];

/**
 * Every node starts anew: servers one by one, each READY and a voter before the next, then agents, as many at once as
 * `upgrade_strategy.max_unavailable_worker` lets be away. The first waits for `prior`.
 */
export function restartAll(
  input: MaintenanceInput,
  reason: string,
  prior: readonly StepId[] = [],
  around: AroundRestart = (_node, restart) => [restart],
): readonly Stretch[] {
  const { servers, agents } = members(input);
  const drafts = (node: PlannedNode) => around(node, restartDraft(input, node, reason));
  const first = inTurn(servers.map(drafts), prior);
  const last = first.at(-1);
  const lanes = maxUnavailable(input.cluster.upgrade.maxUnavailableWorker, Math.max(agents.length, 1));
  return [
    ...first,
    ...inLanes(
      agents.map(drafts),
      Math.min(lanes, Math.max(agents.length, 1)),
      last ? endsOf([last]) : prior,
    ),
  ];
}

/** The step with which a node's service starts anew. */
export function restartDraft(
  { cluster }: MaintenanceInput,
  node: PlannedNode,
  reason: string,
): Draft<'start-service'> {
  return {
    kind: 'start-service',
    node,
    reason,
    join: null,
    voter: isServer(node.roles) && node.roles.includes('etcd') && !cluster.externalDatastore,
    restart: true,
  };
}
