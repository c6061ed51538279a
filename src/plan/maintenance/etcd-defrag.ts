import type { JsonMap } from '../../domain/cluster.ts';
import type { Plan } from '../../domain/plan.ts';
import { checkMembers } from './check-members.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { maintenancePlan } from './maintenance-plan.ts';
import { members } from './members.ts';
import { inTurn } from './stretch.ts';

/** What `etcd defrag` found when it began. */
export interface DefragRequest extends JsonMap {
  /** Name of the node whose member led then; null: not known. */
  readonly leader: string | null;
}

/** One member after the other, the leader last; each must answer again as a member before the next. */
export function planEtcdDefrag(input: MaintenanceInput<DefragRequest>): Plan {
  const { leader } = input.operation.request;
  const etcd = members(input).servers.filter(({ roles }) => roles.includes('etcd'));
  const order = [
    ...etcd.filter(({ name }) => name !== leader),
    ...etcd.filter(({ name }) => name === leader),
  ];
  const reason = 'its database holds space of deleted data';
  const stretches = inTurn(order.map((node) => [{ kind: 'defragment', node, reason }]));
  return maintenancePlan(input, stretches, checkMembers(input));
}
