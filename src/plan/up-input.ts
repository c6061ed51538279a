import type { Diagnostic } from '../domain/diagnostic.ts';
import type { HostFacts } from '../domain/observed.ts';
import type { NodeRecord } from '../domain/state.ts';
import type { DesiredInput, DesiredNode } from '../render/desired-node.ts';
import type { NodeChanges } from './compare-node.ts';
import type { Departure } from './membership.ts';
import type { PlannedMove } from './planned-moves.ts';

/** Everything `planUp` decides from. */
export interface UpInput extends DesiredInput {
  readonly findings: readonly Diagnostic[];
  /** The operator's kubeconfig exists and names this cluster. */
  readonly kubeconfigPresent: boolean;
  /** False leaves the node-to-node port matrix out. */
  readonly checkPorts: boolean;
  /** Leave alone what somebody changed on hosts, and mend only what the file asks for otherwise. */
  readonly keepDrift?: boolean;
  /** Whether the time to live begins anew; what hosts and file say decides, unless given. */
  readonly renewsTtl?: boolean;
  /** The file's own words for keys of RKE2's config.yaml, for telling what has changed in it. */
  readonly fileKeys?: ReadonlyMap<string, string>;
}

/** A reached node of the file with what must become of it and what that takes. */
export interface NodeWork {
  readonly desired: DesiredNode;
  readonly changes: NodeChanges;
  /** The host as this work finds it: of one that rejoins, as its leaving leaves it. */
  readonly facts: HostFacts;
  /** What the state holds of this machine; null for a new one, and for one that rejoins. */
  readonly record: NodeRecord | null;
  /** An earlier run of ours took its pods away and did not come to give it back. */
  readonly isCordonedByUs: boolean;
  /** Its machine has another address, and it stays a member. */
  readonly move: PlannedMove | null;
  /** Its leaving, when it has to leave before it can come back as what the file says. */
  readonly rejoins: Departure | null;
}
