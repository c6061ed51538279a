import { isRecord, numberAt, recordsAt, valueAt } from './json-path.ts';
import type { KubeObject } from './kube-object.ts';
import { matchesLabelSelector } from './selector.ts';

/** `status` of a PodDisruptionBudget. */
export interface BudgetStatus {
  readonly observedGeneration: number;
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  readonly expectedPods: number;
  readonly disruptionsAllowed: number;
  /** Pods whose eviction was granted, and when; they count as gone until they are. */
  readonly disruptedPods?: Readonly<Record<string, string>>;
}

/** An eviction that was granted but never came about stops counting after two minutes. */
const DISRUPTION_MEMORY_MS = 120_000;

/** True for a Pod whose Ready condition is True. */
export function isPodReady(pod: KubeObject): boolean {
  const ready = recordsAt(pod, 'status.conditions').find((condition) => condition['type'] === 'Ready');
  return ready?.['status'] === 'True';
}

function scaled(value: unknown, total: number): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(String(value))?.[1];
  return percent === undefined ? 0 : Math.ceil((Number(percent) * total) / 100);
}

/** True when a budget covers a Pod: same namespace, and a selector that matches (an empty one matches all). */
export function covers(budget: KubeObject, pod: KubeObject): boolean {
  const isSameNamespace = budget.metadata.namespace === pod.metadata.namespace;
  return isSameNamespace && matchesLabelSelector(valueAt(budget, 'spec.selector'), pod.metadata.labels ?? {});
}

/** How many Pods there should be: what their owners ask for, where an owner says so. */
function expectedOf(pods: readonly KubeObject[], owners: readonly KubeObject[]): number {
  const replicasByUid = new Map(
    owners.map((owner) => [owner.metadata.uid, numberAt(owner, 'spec.replicas', -1)]),
  );
  const counted = new Set<string>();
  let expected = 0;
  for (const pod of pods) {
    const owner = pod.metadata.ownerReferences?.find((reference) => reference.controller === true);
    const replicas = owner === undefined ? -1 : (replicasByUid.get(owner.uid) ?? -1);
    if (owner === undefined || replicas < 0) expected += 1;
    else if (!counted.has(owner.uid)) {
      counted.add(owner.uid);
      expected += replicas;
    }
  }
  return expected;
}

/** What a budget allows at this moment, from the Pods and the owners (ReplicaSets, StatefulSets) that there are. */
export function computeBudget(
  budget: KubeObject,
  allPods: readonly KubeObject[],
  owners: readonly KubeObject[],
  now = new Date(),
): BudgetStatus {
  const pods = allPods.filter((pod) => covers(budget, pod));
  const recorded = valueAt(budget, 'status.disruptedPods');
  const disrupted = Object.entries(isRecord(recorded) ? recorded : {}).flatMap(([name, time]) => {
    const pod = pods.find((candidate) => candidate.metadata.name === name);
    const isPending = pod !== undefined && pod.metadata.deletionTimestamp === undefined;
    const isFresh = now.getTime() - Date.parse(String(time)) < DISRUPTION_MEMORY_MS;
    return isPending && isFresh ? [[name, String(time)] as const] : [];
  });
  const disruptedNames = new Set(disrupted.map(([name]) => name));
  const healthy = pods.filter(
    (pod) =>
      isPodReady(pod) &&
      pod.metadata.deletionTimestamp === undefined &&
      !disruptedNames.has(pod.metadata.name),
  ).length;
  const minAvailable = valueAt(budget, 'spec.minAvailable');
  const maxUnavailable = valueAt(budget, 'spec.maxUnavailable');
  const expected = expectedOf(pods, owners);
  const desired =
    maxUnavailable === undefined
      ? scaled(minAvailable, expected)
      : Math.max(0, expected - scaled(maxUnavailable, expected));
  return {
    observedGeneration: budget.metadata.generation ?? 0,
    currentHealthy: healthy,
    desiredHealthy: desired,
    expectedPods: expected,
    disruptionsAllowed: pods.length === 0 ? 0 : Math.max(0, healthy - desired),
    ...(disrupted.length === 0 ? {} : { disruptedPods: Object.fromEntries(disrupted) }),
  };
}
