import type { JsonMap } from '../../domain/cluster.ts';
import type { Diagnostic } from '../../domain/diagnostic.ts';
import type { Plan } from '../../domain/plan.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { maintenancePlan } from './maintenance-plan.ts';
import { members } from './members.ts';
import { inTurn } from './stretch.ts';

/** What `etcd snapshot-save` was asked for. */
export interface SnapshotSaveRequest extends JsonMap {
  /** RKE2 puts the node's name and the time behind it. */
  readonly name: string;
  /** Names of the nodes that each take one. */
  readonly nodes: readonly string[];
  /** Full names of the snapshots that these nodes had before. */
  readonly present: readonly string[];
}

/** One node after the other takes a snapshot; nothing restarts. */
export function planSnapshotSave(input: MaintenanceInput<SnapshotSaveRequest>): Plan {
  const { name, nodes, present } = input.operation.request;
  const { servers } = members(input);
  const takers = nodes.flatMap((wanted) => servers.find((server) => server.name === wanted) ?? []);
  const gone = nodes.filter((wanted) => !takers.some((server) => server.name === wanted));
  const findings = gone.map(
    (node): Diagnostic => ({
      severity: 'error',
      code: 'host-away',
      message: `${node} was to take the snapshot ${name}, and cannot be reached now.`,
      hint: 'Bring it back and run this again, or name another node with `--node`.',
    }),
  );
  const stretches = inTurn(
    takers.map((node) => [
      { kind: 'save-snapshot', node, reason: 'it was asked for', name, besides: present },
    ]),
  );
  return maintenancePlan(input, stretches, findings);
}
