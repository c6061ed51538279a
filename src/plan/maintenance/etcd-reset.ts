import type { JsonMap } from '../../domain/cluster.ts';
import type { Plan } from '../../domain/plan.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { planRemaking } from './remake-etcd.ts';

/** What `etcd reset` was asked for. */
export interface ResetRequest extends JsonMap {
  /** Id of the node whose data become the cluster's. */
  readonly first: string;
}

/** One survivor's database becomes the cluster's; the others join it anew. */
export function planEtcdReset(input: MaintenanceInput<ResetRequest>): Plan {
  const { first } = input.operation.request;
  const reason = 'etcd has lost its majority for good';
  const how = { first, snapshot: null, version: null, takesSafetySnapshot: true, before: [], reason };
  return planRemaking(input, how);
}
