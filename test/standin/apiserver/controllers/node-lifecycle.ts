import { addressInNetwork } from '../cluster-ip.ts';
import { isRecord, recordsAt, textAt, valueAt } from '../json-path.ts';
import { formatTimestamp, type KubeObject } from '../kube-object.ts';
import { type Condition, conditionStatus, withConditions } from './conditions.ts';
import { type Controller, type ControllerContext, changeObject, KINDS } from './controller.ts';
import { isMirrorPod, nodeNameOf, type Taint, taintsOf } from './taints.ts';

const LEASE_NAMESPACE = 'kube-node-lease';
const GRACE_MS = 10_000;
const UNREACHABLE = 'node.kubernetes.io/unreachable';
const NOT_READY = 'node.kubernetes.io/not-ready';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';
const MANAGED_TAINTS = new Set([UNREACHABLE, NOT_READY, UNSCHEDULABLE]);
const WATCHED_CONDITIONS = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

function wantedTaints(node: KubeObject): readonly Taint[] {
  const ready = conditionStatus(node, 'Ready');
  const both = (key: string): readonly Taint[] => [
    { key, effect: 'NoSchedule' },
    { key, effect: 'NoExecute' },
  ];
  const state = ready === 'True' ? [] : ready === 'Unknown' ? both(UNREACHABLE) : both(NOT_READY);
  const isCordoned = valueAt(node, 'spec.unschedulable') === true;
  return isCordoned ? [...state, { key: UNSCHEDULABLE, effect: 'NoSchedule' }] : state;
}

function reconcileTaints(node: KubeObject): readonly Taint[] | undefined {
  const idOf = (taint: Taint): string => `${taint.key}:${taint.effect}`;
  const current = taintsOf(node);
  const wanted = wantedTaints(node);
  const wantedIds = new Set(wanted.map(idOf));
  const currentIds = new Set(current.map(idOf));
  const isAsWanted =
    wanted.every((taint) => currentIds.has(idOf(taint))) &&
    current.every((taint) => !MANAGED_TAINTS.has(taint.key) || wantedIds.has(idOf(taint)));
  if (isAsWanted) return undefined;
  const kept = current.filter((taint) => !MANAGED_TAINTS.has(taint.key) || wantedIds.has(idOf(taint)));
  const keptIds = new Set(kept.map(idOf));
  const timeAdded = formatTimestamp(new Date());
  const added = wanted.filter((taint) => !keptIds.has(idOf(taint)));
  return [...kept, ...added.map((taint) => (taint.effect === 'NoExecute' ? { ...taint, timeAdded } : taint))];
}

function withSpec(node: KubeObject, fields: Record<string, unknown>): KubeObject {
  const spec = { ...(isRecord(node['spec']) ? node['spec'] : {}), ...fields };
  const hasNoTaints = Array.isArray(spec['taints']) && spec['taints'].length === 0;
  if (hasNoTaints) delete spec['taints'];
  return { ...node, spec };
}

function markUnknown(node: KubeObject): KubeObject {
  const conditions = WATCHED_CONDITIONS.filter(
    (type) => type === 'Ready' || conditionStatus(node, type) !== '',
  ).map((type): Condition => {
    return {
      type,
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    };
  });
  const status = isRecord(node['status']) ? node['status'] : {};
  return { ...node, status: { ...status, conditions: withConditions(node, conditions) } };
}

function freePodCidr(clusterCidr: string, used: ReadonlySet<string>): string {
  const isIPv6 = clusterCidr.includes(':');
  for (let n = 0; n < 256; n += 1) {
    const first = clusterCidr.split(',')[0] ?? '';
    const cidr = isIPv6
      ? `${(first.split('/')[0] ?? '').replace(/::$/, '')}:${n.toString(16)}::/64`
      : `${addressInNetwork(first, n * 256)}/24`;
    if (!used.has(cidr)) return cidr;
  }
  return '';
}

async function givePodCidr(context: ControllerContext, node: KubeObject, used: Set<string>): Promise<void> {
  const podCIDR = freePodCidr(context.clusterCidr, used);
  if (podCIDR === '') return;
  used.add(podCIDR);
  await changeObject(context, KINDS.nodes, node, (current) =>
    textAt(current, 'spec.podCIDR') === '' ? withSpec(current, { podCIDR, podCIDRs: [podCIDR] }) : current,
  );
}

/** Pods of a node that is gone silent are not Ready any more; the kubelet says otherwise when it comes back. */
async function markPodsNotReady(context: ControllerContext, nodeName: string): Promise<void> {
  const pods = context.view.list(KINDS.pods).filter((pod) => nodeNameOf(pod) === nodeName);
  for (const pod of pods.filter((candidate) => conditionStatus(candidate, 'Ready') === 'True')) {
    await changeObject(context, KINDS.pods, pod, (current) => {
      const conditions = withConditions(current, [
        { type: 'Ready', status: 'False', reason: 'NodeNotReady' },
      ]);
      return {
        ...current,
        status: { ...(isRecord(current['status']) ? current['status'] : {}), conditions },
      };
    });
  }
}

/**
 * The node controller: a Node whose kubelet gives no sign of life (lease or status) for ten seconds becomes Unknown;
 * taints follow the conditions and cordoning; each Node gets its podCIDR. Goes by when it saw a change, never by the
 * times that the hosts wrote, as their clocks may differ.
 */
export function makeNodeLifecycle(): Controller {
  const lastSign = new Map<string, { readonly sign: string; readonly atMs: number }>();
  const isSilent = (context: ControllerContext, node: KubeObject): boolean => {
    const { name } = node.metadata;
    const lease = context.view.find(KINDS.leases, LEASE_NAMESPACE, name);
    const heartbeats = recordsAt(node, 'status.conditions').map((condition) =>
      textAt(condition, 'lastHeartbeatTime'),
    );
    const sign = [node.metadata.uid, textAt(lease, 'spec.renewTime'), ...heartbeats].join();
    const known = lastSign.get(name);
    if (known?.sign !== sign) {
      lastSign.set(name, { sign, atMs: context.nowMs() });
      return false;
    }
    return context.nowMs() - known.atMs > GRACE_MS;
  };
  return async (context) => {
    const nodes = context.view.list(KINDS.nodes);
    const usedCidrs = new Set(nodes.map((node) => textAt(node, 'spec.podCIDR')));
    for (const node of nodes) {
      const silent = isSilent(context, node);
      if (silent && conditionStatus(node, 'Ready') !== 'Unknown') {
        await changeObject(context, KINDS.nodes, node, markUnknown);
        await markPodsNotReady(context, node.metadata.name);
        continue;
      }
      const taints = reconcileTaints(node);
      if (taints !== undefined) {
        await changeObject(context, KINDS.nodes, node, (current) => {
          const next = reconcileTaints(current);
          return next === undefined ? current : withSpec(current, { taints: next });
        });
      }
      if (textAt(node, 'spec.podCIDR') === '') await givePodCidr(context, node, usedCidrs);
    }
  };
}

/** True for a Pod that this node's kubelet can run now: the Node answers, and is Ready unless the Pod needs no CNI. */
export function canRun(node: KubeObject | undefined, pod: KubeObject): boolean {
  if (node === undefined || isMirrorPod(pod)) return false;
  const ready = conditionStatus(node, 'Ready');
  return ready === 'True' || (ready === 'False' && valueAt(pod, 'spec.hostNetwork') === true);
}
