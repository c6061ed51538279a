import { isRecord, textAt, valueAt } from '../json-path.ts';
import type { KubeObject } from '../kube-object.ts';
import { conditionStatus, withConditions } from './conditions.ts';
import { type Controller, type ControllerContext, changeObject, KINDS, living } from './controller.ts';
import { matchesNodeSelector, nodeNameOf, toleratesNode, tolerationsAt } from './taints.ts';

const HARD_EFFECTS = ['NoSchedule', 'NoExecute'];

function fits(pod: KubeObject, node: KubeObject): boolean {
  return (
    conditionStatus(node, 'Ready') === 'True' &&
    valueAt(node, 'spec.unschedulable') !== true &&
    node.metadata.deletionTimestamp === undefined &&
    matchesNodeSelector(pod, 'spec.nodeSelector', node) &&
    toleratesNode(tolerationsAt(pod, 'spec.tolerations'), node, HARD_EFFECTS)
  );
}

async function bind(context: ControllerContext, pod: KubeObject, nodeName: string): Promise<void> {
  await changeObject(context, KINDS.pods, pod, (current) => {
    if (nodeNameOf(current) !== '') return current;
    const spec = { ...(isRecord(current['spec']) ? current['spec'] : {}), nodeName };
    const conditions = withConditions(current, [{ type: 'PodScheduled', status: 'True' }]);
    return {
      ...current,
      spec,
      status: { ...(isRecord(current['status']) ? current['status'] : {}), conditions },
    };
  });
}

async function reportUnschedulable(
  context: ControllerContext,
  pod: KubeObject,
  count: number,
): Promise<void> {
  if (conditionStatus(pod, 'PodScheduled') === 'False') return;
  await changeObject(context, KINDS.pods, pod, (current) => {
    const message = `0/${count} nodes are available.`;
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message } as const;
    const conditions = withConditions(current, [condition]);
    return { ...current, status: { ...(isRecord(current['status']) ? current['status'] : {}), conditions } };
  });
}

/** Gives each waiting Pod the fitting node with the fewest Pods. */
export const schedulePods: Controller = async (context) => {
  const pods = living(context, KINDS.pods);
  const nodes = context.view.list(KINDS.nodes);
  const load = new Map<string, number>();
  for (const pod of pods) load.set(nodeNameOf(pod), (load.get(nodeNameOf(pod)) ?? 0) + 1);
  for (const pod of pods) {
    if (nodeNameOf(pod) !== '' || textAt(pod, 'status.phase') !== 'Pending') continue;
    const loadOf = (node: KubeObject): number => load.get(node.metadata.name) ?? 0;
    const [best] = nodes.filter((node) => fits(pod, node)).sort((a, b) => loadOf(a) - loadOf(b));
    if (best === undefined) await reportUnschedulable(context, pod, nodes.length);
    else {
      load.set(best.metadata.name, loadOf(best) + 1);
      await bind(context, pod, best.metadata.name);
    }
  }
};
