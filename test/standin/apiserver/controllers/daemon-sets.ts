import { isPodReady } from '../disruption-budget.ts';
import { valueAt } from '../json-path.ts';
import type { KubeObject } from '../kube-object.ts';
import {
  type Controller,
  type ControllerContext,
  changeStatus,
  dropObject,
  KINDS,
  living,
  ownedBy,
} from './controller.ts';
import { createFromTemplate, templateHash } from './replica-workloads.ts';
import { matchesNodeSelector, nodeNameOf, type Toleration, toleratesNode, tolerationsAt } from './taints.ts';

const HASH_LABEL = 'controller-revision-hash';

function toleration(name: string, effect: string): Toleration {
  return { key: `node.kubernetes.io/${name}`, operator: 'Exists', effect };
}

/** What every Pod of a DaemonSet tolerates by itself. */
const DAEMON_TOLERATIONS: readonly Toleration[] = [
  toleration('not-ready', 'NoExecute'),
  toleration('unreachable', 'NoExecute'),
  toleration('disk-pressure', 'NoSchedule'),
  toleration('memory-pressure', 'NoSchedule'),
  toleration('pid-pressure', 'NoSchedule'),
  toleration('unschedulable', 'NoSchedule'),
];

function tolerationsOf(set: KubeObject): readonly Toleration[] {
  const own = tolerationsAt(set, 'spec.template.spec.tolerations');
  const isOnHost = valueAt(set, 'spec.template.spec.hostNetwork') === true;
  return [
    ...own,
    ...DAEMON_TOLERATIONS,
    ...(isOnHost ? [toleration('network-unavailable', 'NoSchedule')] : []),
  ];
}

/** One outdated Pod at a time, and only while all are Ready, as a rolling update with maxUnavailable 1. */
async function replaceOutdated(
  context: ControllerContext,
  set: KubeObject,
  pods: readonly KubeObject[],
  hash: string,
): Promise<void> {
  if (valueAt(set, 'spec.updateStrategy.type') === 'OnDelete') return;
  const outdated = pods.find((pod) => pod.metadata.labels?.[HASH_LABEL] !== hash);
  const isSettled = pods.every((pod) => isPodReady(pod) && pod.metadata.deletionTimestamp === undefined);
  if (outdated !== undefined && (isSettled || !isPodReady(outdated)))
    await dropObject(context, KINDS.pods, outdated);
}

async function reconcileOne(context: ControllerContext, set: KubeObject): Promise<void> {
  const tolerations = tolerationsOf(set);
  const hash = templateHash(valueAt(set, 'spec.template'));
  const pods = ownedBy(context, KINDS.pods, set);
  const nodes = context.view.list(KINDS.nodes).filter((node) => {
    return matchesNodeSelector(set, 'spec.template.spec.nodeSelector', node);
  });
  const wanted = nodes.filter((node) => toleratesNode(tolerations, node, ['NoSchedule', 'NoExecute']));
  for (const node of wanted) {
    const nodeName = node.metadata.name;
    const isThere = pods.some((pod) => nodeNameOf(pod) === nodeName);
    if (!isThere) await createFromTemplate(context, set, { [HASH_LABEL]: hash }, { nodeName, tolerations });
  }
  const mayStay = new Set(
    nodes.filter((node) => toleratesNode(tolerations, node, ['NoExecute'])).map((node) => node.metadata.name),
  );
  for (const pod of pods) {
    if (!mayStay.has(nodeNameOf(pod)) && pod.metadata.deletionTimestamp === undefined) {
      await dropObject(context, KINDS.pods, pod);
    }
  }
  await replaceOutdated(context, set, pods, hash);
  const ready = pods.filter(isPodReady).length;
  await changeStatus(context, KINDS.daemonSets, set, {
    currentNumberScheduled: pods.length,
    desiredNumberScheduled: wanted.length,
    numberMisscheduled: 0,
    numberReady: ready,
    numberAvailable: ready,
    numberUnavailable: Math.max(0, wanted.length - ready),
    updatedNumberScheduled: pods.filter((pod) => pod.metadata.labels?.[HASH_LABEL] === hash).length,
    observedGeneration: set.metadata.generation ?? 1,
  });
}

/** One Pod of each DaemonSet on each node that it may be on. */
export const reconcileDaemonSets: Controller = async (context) => {
  for (const set of living(context, KINDS.daemonSets)) await reconcileOne(context, set);
};
