import type { ExpectedNode, PlannedNode, Step, StepKind } from '../domain/plan.ts';
import { deleteAddonSteps, verifyAddonSteps } from './addon-steps.ts';
import { apiUrl } from './api-url.ts';
import { findNode } from './list-nodes.ts';
import { stepId } from './step-id.ts';
import type { NodeWork, UpInput } from './up-input.ts';

/** What changes the Nodes that are waited for. */
const BEFORE_VERIFY: readonly StepKind[] = ['start-service', 'leave-cluster', 'uninstall', 'label-node'];

/**
 * What ends a run: manifests that left the file are deleted from the cluster, every Node must be Ready with the roles and
 * address the file says, new manifests be applied; the operator gets a kubeconfig, the cluster a copy of the state. Left
 * out when nothing changed and the cluster is as it should be.
 */
export function clusterSteps(
  input: UpInput,
  work: readonly NodeWork[],
  before: readonly Step[],
): readonly Step[] {
  const planes = work.filter(({ desired }) => desired.planned.roles.includes('controlplane'));
  const plane =
    planes.find(({ changes, rejoins }) => changes.start === null && rejoins === null) ??
    planes.find(({ rejoins }) => rejoins === null) ??
    planes[0];
  if (plane === undefined) return [];
  const node = plane.desired.planned;
  const starting = work.filter(({ changes }) => changes.start !== null);
  const motions = before.filter(({ kind }) => BEFORE_VERIFY.includes(kind)).map((step) => step.id);
  const needs = plane.changes.start === null ? [] : [stepId('start-service', node)];
  const ready = { plane, needs, after: motions };
  const deletions = deleteAddonSteps(input, work, ready);
  const changed = before.length + deletions.length > 0;
  const healthy = isHealthy(input, work);
  if (!changed && healthy && input.kubeconfigPresent) return [];
  const addons = verifyAddonSteps(input, work, ready);
  const verify: Step = {
    kind: 'verify-nodes',
    id: stepId('verify-nodes', node),
    node,
    reason: starting.length > 0 ? 'nodes start in this run' : 'a Node is missing or not Ready',
    needs,
    after: motions,
    nodes: work.map(({ desired }) => expected(desired.planned)),
  };
  const kubeconfig: Step = {
    kind: 'write-kubeconfig',
    id: stepId('write-kubeconfig', node),
    node,
    reason: 'so that kubectl reaches the cluster from here',
    needs,
    after: [],
    server: apiUrl(input.cluster, node.key),
  };
  const copy: Step = {
    kind: 'copy-state',
    id: stepId('copy-state', node),
    node,
    reason: 'a copy of the state lives in the cluster',
    needs,
    // All that is learned is learned by then; it need not wait for the Nodes as well.
    after: [...motions, ...[...deletions, ...addons].map((step) => step.id)],
  };
  return [
    ...deletions,
    ...(starting.length > 0 || !healthy ? [verify] : []),
    ...(changed || !input.kubeconfigPresent ? [kubeconfig] : []),
    ...addons,
    ...(changed || !input.kubeconfigPresent ? [copy] : []),
  ];
}

function expected({ key, name, roles, address }: PlannedNode): ExpectedNode {
  return { key, name, roles, address };
}

/** True when the API lists every node of the file as Ready; what cannot be seen is not called healthy. */
function isHealthy({ observed }: UpInput, work: readonly NodeWork[]): boolean {
  return work.every(({ desired }) => findNode(observed, desired.planned.name)?.ready === true);
}
