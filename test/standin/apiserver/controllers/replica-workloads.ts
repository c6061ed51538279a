import { createHash } from 'node:crypto';
import { isPodReady } from '../disruption-budget.ts';
import { isRecord, numberAt, stringMapAt, textAt, valueAt } from '../json-path.ts';
import type { KubeObject } from '../kube-object.ts';
import { withConditions } from './conditions.ts';
import {
  type Controller,
  type ControllerContext,
  changeObject,
  changeStatus,
  createOwned,
  dropObject,
  KINDS,
  living,
  ownedBy,
} from './controller.ts';

/** A short name for a Pod template, the same for equal templates. */
export function templateHash(template: unknown): string {
  return createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10);
}

/** Makes a Pod from a workload's `spec.template`, with more labels and fields of the spec. */
export async function createFromTemplate(
  context: ControllerContext,
  owner: KubeObject,
  labels: Readonly<Record<string, string>> = {},
  spec: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const template = valueAt(owner, 'spec.template');
  const templateSpec = valueAt(template, 'spec');
  const annotations = stringMapAt(template, 'metadata.annotations');
  await createOwned(context, KINDS.pods, owner, {
    labels: { ...stringMapAt(template, 'metadata.labels'), ...labels },
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    spec: { ...(isRecord(templateSpec) ? templateSpec : {}), ...spec },
  });
}

function isActive(pod: KubeObject): boolean {
  const phase = textAt(pod, 'status.phase');
  return pod.metadata.deletionTimestamp === undefined && phase !== 'Failed' && phase !== 'Succeeded';
}

/** Keeps as many Pods as each ReplicaSet asks for; those not Ready go first. */
export const reconcileReplicaSets: Controller = async (context) => {
  for (const set of living(context, KINDS.replicaSets)) {
    const wanted = numberAt(set, 'spec.replicas', 1);
    const pods = ownedBy(context, KINDS.pods, set).filter(isActive);
    for (let n = pods.length; n < wanted; n += 1) await createFromTemplate(context, set);
    const surplus = [...pods].sort((a, b) => Number(isPodReady(a)) - Number(isPodReady(b)));
    for (const pod of surplus.slice(0, Math.max(0, pods.length - wanted))) {
      await dropObject(context, KINDS.pods, pod);
    }
    const ready = pods.filter(isPodReady).length;
    await changeStatus(context, KINDS.replicaSets, set, {
      replicas: pods.length,
      fullyLabeledReplicas: pods.length,
      readyReplicas: ready,
      availableReplicas: ready,
      observedGeneration: set.metadata.generation ?? 1,
    });
  }
};

async function setReplicas(context: ControllerContext, set: KubeObject, replicas: number): Promise<void> {
  if (numberAt(set, 'spec.replicas') === replicas) return;
  await changeObject(context, KINDS.replicaSets, set, (current) => ({
    ...current,
    spec: { ...(isRecord(current['spec']) ? current['spec'] : {}), replicas },
  }));
}

async function createReplicaSet(
  context: ControllerContext,
  deployment: KubeObject,
  name: string,
  hash: string,
): Promise<void> {
  const template = valueAt(deployment, 'spec.template');
  const label = { 'pod-template-hash': hash };
  const labels = { ...stringMapAt(template, 'metadata.labels'), ...label };
  const templateMetadata = valueAt(template, 'metadata');
  const spec = {
    replicas: numberAt(deployment, 'spec.replicas', 1),
    selector: { matchLabels: { ...stringMapAt(deployment, 'spec.selector.matchLabels'), ...label } },
    template: {
      ...(isRecord(template) ? template : {}),
      metadata: { ...(isRecord(templateMetadata) ? templateMetadata : {}), labels },
    },
  };
  await createOwned(context, KINDS.replicaSets, deployment, { name, labels, spec });
}

async function reportDeployment(
  context: ControllerContext,
  deployment: KubeObject,
  sets: readonly KubeObject[],
  current: KubeObject | undefined,
): Promise<void> {
  const sum = (path: string): number => sets.reduce((total, set) => total + numberAt(set, path), 0);
  const wanted = numberAt(deployment, 'spec.replicas', 1);
  const ready = sum('status.readyReplicas');
  const updated = numberAt(current, 'status.replicas');
  const isAvailable = ready >= wanted;
  const reason = isAvailable ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable';
  const conditions = withConditions(deployment, [
    { type: 'Available', status: isAvailable ? 'True' : 'False', reason },
    { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
  ]);
  await changeStatus(context, KINDS.deployments, deployment, {
    observedGeneration: deployment.metadata.generation ?? 1,
    replicas: sum('status.replicas'),
    updatedReplicas: updated,
    readyReplicas: ready,
    availableReplicas: ready,
    ...(ready < wanted ? { unavailableReplicas: wanted - ready } : {}),
    conditions,
  });
}

/** One ReplicaSet per template; an older one shrinks to nothing once the newest is Ready. */
export const reconcileDeployments: Controller = async (context) => {
  for (const deployment of living(context, KINDS.deployments)) {
    const hash = templateHash(valueAt(deployment, 'spec.template'));
    const name = `${deployment.metadata.name}-${hash}`;
    const sets = ownedBy(context, KINDS.replicaSets, deployment);
    const current = sets.find((set) => set.metadata.name === name);
    const wanted = numberAt(deployment, 'spec.replicas', 1);
    if (current === undefined) await createReplicaSet(context, deployment, name, hash);
    else {
      await setReplicas(context, current, wanted);
      const isReady = numberAt(current, 'status.readyReplicas') >= wanted;
      for (const set of sets) if (set !== current && isReady) await setReplicas(context, set, 0);
    }
    await reportDeployment(context, deployment, sets, current);
  }
};
