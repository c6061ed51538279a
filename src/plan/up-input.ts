import type { Diagnostic } from '../domain/diagnostic.ts';
import type { DesiredInput, DesiredNode } from '../render/desired-node.ts';
import type { NodeChanges } from './compare-node.ts';

/** Everything `planUp` decides from. */
export interface UpInput extends DesiredInput {
  readonly findings: readonly Diagnostic[];
  /** The operator's kubeconfig exists and names this cluster. */
  readonly kubeconfigPresent: boolean;
  /** False leaves the node-to-node port matrix out. */
  readonly checkPorts: boolean;
}

/** A reached node with what must become of it and what that takes. */
export interface NodeWork {
  readonly desired: DesiredNode;
  readonly changes: NodeChanges;
}
