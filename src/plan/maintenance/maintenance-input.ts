import type { JsonMap } from '../../domain/cluster.ts';
import type { Diagnostic } from '../../domain/diagnostic.ts';
import type { Operation } from '../../domain/operation.ts';
import type { DesiredInput } from '../../render/desired-node.ts';

/** Everything that the planner of a verb decides from. */
export interface MaintenanceInput<R extends JsonMap = JsonMap> extends DesiredInput {
  /** Of the cluster file. */
  readonly findings: readonly Diagnostic[];
  /** With `done` empty when the verb only begins. */
  readonly operation: Operation & { readonly request: R };
}
