import type { ApiAnswer, ApiContext, ApiRequest } from './api-context.ts';
import { allocateClusterIp } from './cluster-ip.ts';
import { applyJsonPatch } from './json-patch.ts';
import { isRecord, textAt, valueAt } from './json-path.ts';
import type { KubeObject } from './kube-object.ts';
import { applyMergePatch } from './merge-patch.ts';
import { answerObject } from './object-answers.ts';
import type { Decision, UpdateResult } from './object-store.ts';
import { prepareCreate, prepareUpdate, readObject, settle } from './prepare-object.ts';
import type { ResourcePath } from './request-info.ts';
import { apiVersionOf, builtin } from './resource-catalog.ts';
import { badRequest, conflict, forbidden, methodNotAllowed, notFound, StatusError } from './status-error.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';
import { validateObject } from './validation.ts';

function isDryRun(request: ApiRequest): boolean {
  return request.query.get('dryRun') === 'All';
}

async function demandNamespace(context: ApiContext, path: ResourcePath, name: string): Promise<void> {
  if (!path.resource.namespaced) return;
  const namespaces = builtin('namespaces');
  const namespace = await context.store.find(namespaces, '', path.namespace);
  if (namespace === undefined) throw notFound(namespaces, path.namespace);
  if (namespace.metadata.deletionTimestamp === undefined) return;
  const why = `unable to create new content in namespace ${path.namespace} because it is being terminated`;
  throw forbidden(path.resource, name, why);
}

async function giveClusterIp(context: ApiContext, service: KubeObject): Promise<void> {
  const spec = service['spec'];
  if (!isRecord(spec) || textAt(spec, 'clusterIP') !== '' || spec['type'] === 'ExternalName') return;
  const { items } = await context.store.list(builtin('services/specs'));
  const used = new Set(items.map((item) => textAt(item, 'spec.clusterIP')));
  const clusterIP = allocateClusterIp(context.serviceCidr, used);
  Object.assign(spec, { clusterIP, clusterIPs: [clusterIP] });
}

/** A Node starts out tainted until the node controller has seen it Ready, as with Kubernetes. */
function taintNewNode(node: KubeObject): void {
  const spec = node['spec'];
  if (!isRecord(spec)) return;
  const taints: unknown[] = Array.isArray(spec['taints']) ? spec['taints'] : [];
  const key = 'node.kubernetes.io/not-ready';
  if (taints.some((taint) => textAt(taint, 'key') === key)) return;
  spec['taints'] = [...taints, { key, effect: 'NoSchedule' }];
}

/** POST to a collection: stores a new object; 201, or 404 without its namespace, 409 when it is there, 422. */
export async function createObject(
  context: ApiContext,
  request: ApiRequest,
  path: ResourcePath,
): Promise<ApiAnswer> {
  const { resource } = path;
  if (resource.namespaced && path.namespace === '') throw methodNotAllowed();
  const object = prepareCreate(resource, readObject(path, request.body));
  await demandNamespace(context, path, object.metadata.name);
  if (resource.kind === 'Service') await giveClusterIp(context, object);
  if (resource.kind === 'Node') taintNewNode(object);
  validateObject(resource, object);
  const stored = isDryRun(request) ? object : await context.store.create(resource, object);
  return answerObject(request, path, stored, 201);
}

function decideUpdate(path: ResourcePath, current: KubeObject, sent: KubeObject): Decision {
  const next = prepareUpdate(path.resource, current, sent, path.subresource);
  validateObject(path.resource, next, current);
  return settle(path.resource, next);
}

async function write(
  context: ApiContext,
  request: ApiRequest,
  path: ResourcePath,
  change: (current: KubeObject) => KubeObject,
  resourceVersion = '',
): Promise<UpdateResult> {
  const { resource, namespace, name } = path;
  const decide = (current: KubeObject): Decision => decideUpdate(path, current, change(current));
  if (!isDryRun(request)) return context.store.update(resource, namespace, name, decide, resourceVersion);
  const current = await context.store.get(resource, namespace, name);
  const decision = decide(current);
  return { object: 'next' in decision ? decision.next : current, removed: false };
}

/** PUT: replaces the object (or its status); a resourceVersion in the body must still be the current one. */
export async function replaceObject(
  context: ApiContext,
  request: ApiRequest,
  path: ResourcePath,
): Promise<ApiAnswer> {
  const sent = readObject(path, request.body);
  if (sent.metadata.name !== path.name) {
    const names = `(${sent.metadata.name}) does not match the name on the URL (${path.name})`;
    throw badRequest(`the name of the object ${names}`);
  }
  const { resourceVersion = '' } = sent.metadata;
  const result = await write(context, request, path, () => structuredClone(sent), resourceVersion);
  return answerObject(request, path, result.object);
}

function patcherFor(path: ResourcePath, contentType: string): (target: unknown, patch: unknown) => unknown {
  const type = contentType.split(';')[0]?.trim();
  const isCustom = path.resource.storage.includes('cattle.io/');
  if (type === 'application/json-patch+json') return applyJsonPatch;
  if (type === 'application/merge-patch+json') return applyMergePatch;
  if (type === 'application/apply-patch+yaml') return applyStrategicMergePatch;
  if (type === 'application/strategic-merge-patch+json' && !isCustom) return applyStrategicMergePatch;
  const accepted = 'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml';
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`;
  throw new StatusError(415, 'UnsupportedMediaType', message);
}

/** PATCH in the four content types of Kubernetes; server-side apply also creates. */
export async function patchObject(
  context: ApiContext,
  request: ApiRequest,
  path: ResourcePath,
): Promise<ApiAnswer> {
  const { resource, namespace, name } = path;
  const patcher = patcherFor(path, request.contentType);
  const isApply = request.contentType.startsWith('application/apply-patch');
  if (
    isApply &&
    path.subresource === '' &&
    (await context.store.find(resource, namespace, name)) === undefined
  ) {
    return createObject(context, request, path);
  }
  const patchedVersion = textAt(request.body, 'metadata.resourceVersion');
  const result = await write(context, request, path, (current) => {
    if (patchedVersion !== '' && patchedVersion !== current.metadata.resourceVersion) {
      throw conflict(resource, name);
    }
    const target = { ...current, apiVersion: apiVersionOf(resource, path.version) };
    const patched = patcher(target, request.body);
    if (textAt(patched, 'metadata.name') !== name) throw badRequest('metadata.name is immutable');
    if (valueAt(patched, 'kind') !== resource.kind) throw badRequest('kind is immutable');
    return { ...(patched as KubeObject), apiVersion: apiVersionOf(resource) };
  });
  return answerObject(request, path, result.object);
}
