import type { ApiAnswer, ApiContext, ApiRequest } from './api-context.ts';
import { applyJsonPatch } from './json-patch.ts';
import { isRecord, numberAt, valueAt } from './json-path.ts';
import type { KubeObject } from './kube-object.ts';
import { applyMergePatch } from './merge-patch.ts';
import type { ResourcePath } from './request-info.ts';
import { badRequest, conflict, methodNotAllowed } from './status-error.ts';

function scaleOf(object: KubeObject): KubeObject {
  const { name, namespace = '', uid = '', resourceVersion = '', creationTimestamp = '' } = object.metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: numberAt(object, 'spec.replicas') },
    status: { replicas: numberAt(object, 'status.replicas') },
  };
}

function nextScale(request: ApiRequest, current: KubeObject): unknown {
  if (request.method === 'PUT') return request.body;
  if (request.method !== 'PATCH') throw methodNotAllowed();
  const isJsonPatch = request.contentType.startsWith('application/json-patch');
  return (isJsonPatch ? applyJsonPatch : applyMergePatch)(scaleOf(current), request.body);
}

/** GET, PUT and PATCH of the `scale` subresource. */
export async function scaleObject(
  context: ApiContext,
  request: ApiRequest,
  path: ResourcePath,
): Promise<ApiAnswer> {
  const { resource, namespace, name } = path;
  if (request.method === 'GET') {
    return { code: 200, body: scaleOf(await context.store.get(resource, namespace, name)) };
  }
  const { object } = await context.store.update(resource, namespace, name, (current) => {
    const scale = nextScale(request, current);
    const sentVersion = valueAt(scale, 'metadata.resourceVersion') ?? '';
    if (sentVersion !== '' && sentVersion !== current.metadata.resourceVersion)
      throw conflict(resource, name);
    const replicas = valueAt(scale, 'spec.replicas');
    if (typeof replicas !== 'number' || replicas < 0)
      throw badRequest('spec.replicas must be a number from 0 on');
    const spec = isRecord(current['spec']) ? current['spec'] : {};
    const isSame = spec['replicas'] === replicas;
    const generation = (current.metadata.generation ?? 0) + (isSame ? 0 : 1);
    return {
      next: { ...current, metadata: { ...current.metadata, generation }, spec: { ...spec, replicas } },
    };
  });
  return { code: 200, body: scaleOf(object) };
}
