import type { ApiAnswer, ApiContext, ApiRequest } from './api-context.ts';
import { removeObject } from './delete-object.ts';
import { computeBudget, covers } from './disruption-budget.ts';
import { isRecord, textAt } from './json-path.ts';
import { formatTimestamp, type KubeObject } from './kube-object.ts';
import type { ResourcePath } from './request-info.ts';
import { builtin } from './resource-catalog.ts';
import { badRequest, conflict, StatusError } from './status-error.ts';

const EVICTION_VERSIONS = new Set(['policy/v1', 'policy/v1beta1']);

function budgetUsedUp(budget: KubeObject, desired: number, healthy: number): StatusError {
  const message = "Cannot evict pod as it would violate the pod's disruption budget.";
  const words = `The disruption budget ${budget.metadata.name} needs ${desired} healthy pods and has ${healthy} currently`;
  const causes = [{ reason: 'DisruptionBudget', message: words }];
  return new StatusError(429, 'TooManyRequests', message, { causes });
}

/** Books the eviction on the budget, in one transaction with the count it is based on; 429 when it is used up. */
async function bookDisruption(context: ApiContext, budget: KubeObject, pod: KubeObject): Promise<void> {
  const { store } = context;
  const namespace = pod.metadata.namespace ?? '';
  const resource = builtin('poddisruptionbudgets');
  await store.update(resource, namespace, budget.metadata.name, async (current) => {
    const pods = (await store.list(builtin('pods'), namespace)).items;
    const owners = [
      ...(await store.list(builtin('replicasets'), namespace)).items,
      ...(await store.list(builtin('statefulsets'), namespace)).items,
    ];
    const status = computeBudget(current, pods, owners);
    if (status.disruptionsAllowed < 1)
      throw budgetUsedUp(current, status.desiredHealthy, status.currentHealthy);
    const disruptedPods = { ...status.disruptedPods, [pod.metadata.name]: formatTimestamp(new Date()) };
    const disruptionsAllowed = status.disruptionsAllowed - 1;
    return { next: { ...current, status: { ...status, disruptedPods, disruptionsAllowed } } };
  });
}

/** POST to `pods/<name>/eviction`: deletes the Pod if every budget over it allows (429 else); 201 on success. */
export async function evictPod(
  context: ApiContext,
  request: ApiRequest,
  path: ResourcePath,
): Promise<ApiAnswer> {
  const { body } = request;
  const apiVersion = textAt(body, 'apiVersion');
  if (textAt(body, 'kind') !== 'Eviction' || !EVICTION_VERSIONS.has(apiVersion)) {
    throw badRequest(`no kind "${textAt(body, 'kind')}" is registered for version "${apiVersion}"`);
  }
  const { store } = context;
  const { resource, namespace, name } = path;
  const pod = await store.get(resource, namespace, name);
  const options = isRecord(body) && isRecord(body['deleteOptions']) ? body['deleteOptions'] : {};
  const isOver = ['Succeeded', 'Failed', 'Pending'].includes(textAt(pod, 'status.phase'));
  if (!isOver && pod.metadata.deletionTimestamp === undefined) {
    const budgets = (await store.list(builtin('poddisruptionbudgets'), namespace)).items;
    const [budget, other] = budgets.filter((candidate) => covers(candidate, pod));
    if (other !== undefined) {
      const why =
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
      throw new StatusError(500, 'InternalError', why);
    }
    if (budget !== undefined) await bookDisruption(context, budget, pod);
  }
  const grace = options['gracePeriodSeconds'];
  const { uid = '' } = pod.metadata;
  await removeObject(context, resource, namespace, name, {
    uid,
    ...(typeof grace === 'number' ? { gracePeriodSeconds: grace } : {}),
  });
  return {
    code: 201,
    body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
  };
}

/** POST to `pods/<name>/binding`: gives the Pod its node; 409 when it has one already. */
export async function bindPod(
  context: ApiContext,
  request: ApiRequest,
  path: ResourcePath,
): Promise<ApiAnswer> {
  const nodeName = textAt(request.body, 'target.name');
  if (nodeName === '') throw badRequest('the binding names no target');
  await context.store.update(path.resource, path.namespace, path.name, (pod) => {
    const bound = textAt(pod, 'spec.nodeName');
    if (bound !== '')
      throw conflict(path.resource, path.name, `pod ${path.name} is already assigned to node "${bound}"`);
    return { next: { ...pod, spec: { ...(isRecord(pod['spec']) ? pod['spec'] : {}), nodeName } } };
  });
  return {
    code: 201,
    body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
  };
}
