import type { ApiAnswer, ApiContext, ApiRequest } from './api-context.ts';
import { isRecord, numberAt, textAt } from './json-path.ts';
import { formatTimestamp, type KubeObject } from './kube-object.ts';
import { answerDeleted, answerList, answerObject } from './object-answers.ts';
import type { Decision, UpdateResult } from './object-store.ts';
import { removal, settle } from './prepare-object.ts';
import type { ResourcePath } from './request-info.ts';
import { builtin, type ResourceType } from './resource-catalog.ts';
import { parseSelectors } from './selector.ts';
import { conflict, forbidden } from './status-error.ts';

/** Kubernetes' DeleteOptions, from the body or the query. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagationPolicy?: string;
  readonly isDryRun?: boolean;
}

/** Namespaces that Kubernetes itself needs. */
const LASTING_NAMESPACES = new Set(['default', 'kube-system', 'kube-public']);

/** Where dependents of an object may lie, for orphaning. */
const DEPENDENT_KINDS = ['replicasets', 'pods', 'jobs'];

/** Reads DeleteOptions; the body wins over the query. */
function readDeleteOptions(request: ApiRequest): DeleteOptions {
  const body = isRecord(request.body) ? request.body : {};
  const preconditions = isRecord(body['preconditions']) ? body['preconditions'] : {};
  const grace = body['gracePeriodSeconds'] ?? request.query.get('gracePeriodSeconds');
  const policy = textAt(body, 'propagationPolicy') || (request.query.get('propagationPolicy') ?? '');
  const uid = textAt(preconditions, 'uid');
  const resourceVersion = textAt(preconditions, 'resourceVersion');
  const isDryRun = Array.isArray(body['dryRun']) || request.query.get('dryRun') === 'All';
  return {
    ...(grace === null || grace === undefined ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(policy === '' ? {} : { propagationPolicy: policy }),
    ...(uid === '' ? {} : { uid }),
    ...(resourceVersion === '' ? {} : { resourceVersion }),
    isDryRun,
  };
}

function checkPreconditions(resource: ResourceType, current: KubeObject, options: DeleteOptions): void {
  const { name, uid, resourceVersion } = current.metadata;
  if (options.uid !== undefined && options.uid !== uid) {
    const why = `Precondition failed: UID in precondition: ${options.uid}, UID in object meta: ${uid}`;
    throw conflict(resource, name, why);
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    throw conflict(resource, name);
  }
}

/** How long a Pod gets to end: none when it never started, is over already, or the caller says 0. */
function graceOf(resource: ResourceType, object: KubeObject, options: DeleteOptions): number {
  if (resource.kind !== 'Pod') return 0;
  const phase = textAt(object, 'status.phase');
  const neverRan = textAt(object, 'spec.nodeName') === '' || phase === 'Succeeded' || phase === 'Failed';
  // The Pod that stands for a static one on a host is not the kubelet's to end; it goes at once.
  const isMirror = object.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;
  if (neverRan || isMirror) return 0;
  return options.gracePeriodSeconds ?? numberAt(object, 'spec.terminationGracePeriodSeconds', 30);
}

function decideDeletion(resource: ResourceType, current: KubeObject, options: DeleteOptions): Decision {
  checkPreconditions(resource, current, options);
  const grace = graceOf(resource, current, options);
  const { metadata } = current;
  const isHeld = (metadata.finalizers ?? []).length > 0 || resource.kind === 'Namespace';
  if (!isHeld && grace === 0) return removal(resource, current);
  const wasDeleted = metadata.deletionTimestamp !== undefined;
  if (wasDeleted && grace >= (metadata.deletionGracePeriodSeconds ?? 0)) return { next: current };
  const deletionTimestamp = formatTimestamp(new Date(Date.now() + grace * 1000));
  const next: KubeObject = {
    ...current,
    metadata: { ...metadata, deletionTimestamp, deletionGracePeriodSeconds: grace },
  };
  if (resource.kind === 'Namespace') next['status'] = { phase: 'Terminating' };
  return settle(resource, next);
}

async function orphanDependents(context: ApiContext, owner: KubeObject): Promise<void> {
  const { uid, namespace = '' } = owner.metadata;
  for (const storage of DEPENDENT_KINDS) {
    const resource = builtin(storage);
    const { items } = await context.store.list(resource, namespace);
    for (const item of items.filter(({ metadata }) =>
      metadata.ownerReferences?.some((of) => of.uid === uid),
    )) {
      await context.store.update(resource, namespace, item.metadata.name, (current) => {
        const ownerReferences = (current.metadata.ownerReferences ?? []).filter((of) => of.uid !== uid);
        return { next: { ...current, metadata: { ...current.metadata, ownerReferences } } };
      });
    }
  }
}

/** Deletes one object, or marks it as being deleted while finalizers or a grace period hold it. */
export async function removeObject(
  context: ApiContext,
  resource: ResourceType,
  namespace: string,
  name: string,
  options: DeleteOptions,
): Promise<UpdateResult> {
  if (resource.kind === 'Namespace' && LASTING_NAMESPACES.has(name)) {
    throw forbidden(resource, name, 'this namespace may not be deleted');
  }
  if (options.propagationPolicy === 'Orphan') {
    await orphanDependents(context, await context.store.get(resource, namespace, name));
  }
  if (options.isDryRun === true) {
    return { object: await context.store.get(resource, namespace, name), removed: true };
  }
  return context.store.update(resource, namespace, name, (current) =>
    decideDeletion(resource, current, options),
  );
}

/** DELETE of one object: a Status when it is gone, the object itself while something holds it. */
export async function deleteObject(
  context: ApiContext,
  request: ApiRequest,
  path: ResourcePath,
): Promise<ApiAnswer> {
  const { resource, namespace, name } = path;
  const result = await removeObject(context, resource, namespace, name, readDeleteOptions(request));
  return result.removed ? answerDeleted(resource, result.object) : answerObject(request, path, result.object);
}

/** DELETE of a collection: all that the selectors let through. */
export async function deleteCollection(
  context: ApiContext,
  request: ApiRequest,
  path: ResourcePath,
): Promise<ApiAnswer> {
  const { resource } = path;
  const isSelected = parseSelectors(request.query);
  const list = await context.store.list(resource, path.namespace);
  const chosen = list.items.filter(isSelected);
  const options = readDeleteOptions(request);
  for (const { metadata } of chosen) {
    await removeObject(context, resource, metadata.namespace ?? '', metadata.name, options);
  }
  return answerList(request, path, chosen, { resourceVersion: list.resourceVersion });
}
