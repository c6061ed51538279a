import { createHash } from 'node:crypto';
import { isRecord, recordsAt, textAt, valueAt } from '../json-path.ts';
import { formatTimestamp, type KubeObject } from '../kube-object.ts';
import { conditionStatus, withConditions } from './conditions.ts';
import { type Controller, type ControllerContext, changeStatus, dropObject, KINDS } from './controller.ts';
import { FAILURE } from './helm-charts.ts';
import { canRun } from './node-lifecycle.ts';
import { isMirrorPod, nodeNameOf, toleratesNode, tolerationsAt } from './taints.ts';

const START_MS = 1_000;
const STOP_MS = 500;
const LOST_NODE_MS = 3_000;

function podAddress(pod: KubeObject, node: KubeObject): string {
  if (valueAt(pod, 'spec.hostNetwork') === true) {
    const address = recordsAt(node, 'status.addresses').find((entry) => entry['type'] === 'InternalIP');
    return textAt(address, 'address');
  }
  const last =
    createHash('sha256')
      .update(pod.metadata.uid ?? '')
      .digest()[0] ?? 0;
  return textAt(node, 'spec.podCIDR')
    .replace(/\.0\/24$/, `.${2 + (last % 250)}`)
    .replace(/::\/64$/, `::${last.toString(16)}`);
}

function containerStatuses(
  pod: KubeObject,
  state: Record<string, unknown>,
  ready: boolean,
): readonly Record<string, unknown>[] {
  return recordsAt(pod, 'spec.containers').map((container) => ({
    name: container['name'],
    image: container['image'],
    imageID: '',
    ready,
    started: ready,
    restartCount: 0,
    state,
  }));
}

function runningStatus(pod: KubeObject, node: KubeObject): object {
  const startedAt = formatTimestamp(new Date());
  const podIP = podAddress(pod, node);
  const conditions = withConditions(pod, [
    { type: 'PodScheduled', status: 'True' },
    { type: 'Initialized', status: 'True' },
    { type: 'ContainersReady', status: 'True' },
    { type: 'Ready', status: 'True' },
  ]);
  return {
    ...(isRecord(pod['status']) ? pod['status'] : {}),
    phase: 'Running',
    conditions,
    hostIP: podAddress({ ...pod, spec: { hostNetwork: true } }, node),
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: startedAt,
    containerStatuses: containerStatuses(pod, { running: { startedAt } }, true),
  };
}

function succeededStatus(pod: KubeObject): object {
  const finishedAt = formatTimestamp(new Date());
  const over = { type: 'Ready', status: 'False', reason: 'PodCompleted' } as const;
  return {
    ...(isRecord(pod['status']) ? pod['status'] : {}),
    phase: 'Succeeded',
    conditions: withConditions(pod, [over]),
    containerStatuses: containerStatuses(
      pod,
      { terminated: { exitCode: 0, reason: 'Completed', finishedAt } },
      false,
    ),
  };
}

/** A container that ends with an error and is started again, later each time; its last words are kept. */
function failedStatus(pod: KubeObject, message: string): object {
  const restartCount = Number(recordsAt(pod, 'status.containerStatuses')[0]?.['restartCount'] ?? 0) + 1;
  const finishedAt = formatTimestamp(new Date());
  const waiting = { reason: 'CrashLoopBackOff', message: 'back-off restarting failed container' };
  const [status] = containerStatuses(pod, { waiting }, false);
  const lastState = { terminated: { exitCode: 1, reason: 'Error', message, finishedAt } };
  return {
    ...(isRecord(pod['status']) ? pod['status'] : {}),
    conditions: withConditions(pod, [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady' }]),
    containerStatuses: [{ ...status, restartCount, lastState }],
  };
}

function isOfJob(pod: KubeObject): boolean {
  return pod.metadata.ownerReferences?.some((owner) => owner.kind === 'Job') === true;
}

/** Stands for the kubelets: Pods start a second after they are bound, end when deleted, and Pods of Jobs complete. */
export function makePodLifecycle(): Controller {
  const since = new Map<string, number>();
  const hasLasted = (context: ControllerContext, pod: KubeObject, state: string, ms: number): boolean => {
    const id = `${pod.metadata.uid}/${state}`;
    const start = since.get(id) ?? context.nowMs();
    since.set(id, start);
    return context.nowMs() - start >= ms;
  };
  const step = async (context: ControllerContext, pod: KubeObject): Promise<void> => {
    const nodeName = nodeNameOf(pod);
    if (nodeName === '' || isMirrorPod(pod)) return;
    const node = context.view.find(KINDS.nodes, '', nodeName);
    if (node === undefined) {
      if (hasLasted(context, pod, 'lost', LOST_NODE_MS)) await dropObject(context, KINDS.pods, pod, 0);
      return;
    }
    if (!canRun(node, pod)) return;
    if (pod.metadata.deletionTimestamp !== undefined) {
      if (hasLasted(context, pod, 'ending', STOP_MS)) await dropObject(context, KINDS.pods, pod, 0);
      return;
    }
    const phase = textAt(pod, 'status.phase');
    const failure = pod.metadata.annotations?.[FAILURE];
    const restarts = Number(recordsAt(pod, 'status.containerStatuses')[0]?.['restartCount'] ?? 0);
    if (failure !== undefined && phase === 'Running') {
      if (hasLasted(context, pod, `failing ${restarts}`, START_MS * 2 ** restarts))
        await changeStatus(context, KINDS.pods, pod, failedStatus(pod, failure));
      return;
    }
    const isStarting = phase === 'Pending' && hasLasted(context, pod, 'starting', START_MS);
    const isBack = phase === 'Running' && conditionStatus(pod, 'Ready') !== 'True';
    if (isStarting || isBack) await changeStatus(context, KINDS.pods, pod, runningStatus(pod, node));
    else if (phase === 'Running' && isOfJob(pod) && hasLasted(context, pod, 'running', START_MS)) {
      await changeStatus(context, KINDS.pods, pod, succeededStatus(pod));
    }
  };
  return async (context) => {
    const pods = context.view.list(KINDS.pods);
    const known = new Set(pods.map((pod) => pod.metadata.uid));
    for (const id of since.keys()) if (!known.has(id.slice(0, id.indexOf('/')))) since.delete(id);
    for (const pod of pods) await step(context, pod);
  };
}

/**
 * Pods leave a node with a NoExecute taint that they do not tolerate. A node that is not ready or not reachable is left
 * out: there Kubernetes waits five minutes, longer than this server's tests.
 */
export const evictFromTaintedNodes: Controller = async (context) => {
  for (const pod of context.view.list(KINDS.pods)) {
    const node = context.view.find(KINDS.nodes, '', nodeNameOf(pod));
    if (node === undefined || pod.metadata.deletionTimestamp !== undefined || isMirrorPod(pod)) continue;
    const waiting = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].map((key) => ({
      key,
      operator: 'Exists',
    }));
    const tolerations = [...tolerationsAt(pod, 'spec.tolerations'), ...waiting];
    if (!toleratesNode(tolerations, node, ['NoExecute'])) await dropObject(context, KINDS.pods, pod);
  }
};
