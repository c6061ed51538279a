import type { NodeKey } from '../domain/cluster.ts';
import type { PlannedNode, StepId } from '../domain/plan.ts';
import type { DepartureTies } from './departure-steps.ts';

/** What the steps on one host wait for beside each other. */
export interface HostTies {
  /** Before anything is done there: the end of its leaving, for a node that comes back. */
  readonly prior: readonly StepId[];
  /** Before its service is touched. */
  readonly motion: DepartureTies;
  readonly joinable: PlannedNode | null;
  /** With these nobody else bears the node's name any more. */
  readonly formers: readonly StepId[];
  readonly matrixId: StepId | null;
  /** What must be out of the cluster before the firewall is closed for it. */
  readonly departed: readonly StepId[];
  /** Every node of this run has its release files: nothing is replaced before. */
  readonly staged: readonly StepId[];
  /** The first start of all, with which the cluster's CA is known; null: nobody starts. */
  readonly founding: StepId | null;
  /** Control planes for kubectl. */
  readonly planes: readonly NodeKey[];
  /** With these every server is what it is to be. */
  readonly motions: readonly StepId[];
}
