import type { ApiAnswer, ApiContext, ApiRequest } from './api-context.ts';
import { deleteCollection, deleteObject } from './delete-object.ts';
import { bindPod, evictPod } from './evict-pod.ts';
import { answerList, answerObject } from './object-answers.ts';
import { pageOf } from './page-of.ts';
import type { ResourcePath } from './request-info.ts';
import { scaleObject } from './scale-object.ts';
import { parseSelectors } from './selector.ts';
import { methodNotAllowed } from './status-error.ts';
import { createObject, patchObject, replaceObject } from './write-object.ts';

/** The Kubernetes verb of a request, as authorization speaks of it. */
export function verbOf(method: string, path: ResourcePath, isWatch: boolean): string {
  if (method === 'GET' || method === 'HEAD') return isWatch ? 'watch' : path.name === '' ? 'list' : 'get';
  if (method === 'DELETE') return path.name === '' ? 'deletecollection' : 'delete';
  const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch' };
  const verb = verbs[method];
  if (verb === undefined) throw methodNotAllowed();
  return verb;
}

async function listObjects(context: ApiContext, request: ApiRequest, path: ResourcePath): Promise<ApiAnswer> {
  const isSelected = parseSelectors(request.query);
  const list = await context.store.list(path.resource, path.namespace);
  const { items, metadata } = pageOf(list.items.filter(isSelected), request.query);
  return answerList(request, path, items, { resourceVersion: list.resourceVersion, ...metadata });
}

async function handleObject(
  context: ApiContext,
  request: ApiRequest,
  path: ResourcePath,
): Promise<ApiAnswer> {
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      return answerObject(request, path, await context.store.get(path.resource, path.namespace, path.name));
    case 'PUT':
      return replaceObject(context, request, path);
    case 'PATCH':
      return patchObject(context, request, path);
    case 'DELETE':
      if (path.subresource !== '') throw methodNotAllowed();
      return deleteObject(context, request, path);
    default:
      throw methodNotAllowed();
  }
}

/** Answers a request to a collection, an object or a subresource (watches apart). */
export async function handleResource(
  context: ApiContext,
  request: ApiRequest,
  path: ResourcePath,
): Promise<ApiAnswer> {
  if (path.subresource === 'scale') return scaleObject(context, request, path);
  if (path.subresource === 'eviction' || path.subresource === 'binding') {
    if (request.method !== 'POST') throw methodNotAllowed();
    return path.subresource === 'eviction'
      ? evictPod(context, request, path)
      : bindPod(context, request, path);
  }
  if (path.name !== '') return handleObject(context, request, path);
  if (request.method === 'POST') return createObject(context, request, path);
  if (request.method === 'DELETE') return deleteCollection(context, request, path);
  if (request.method === 'GET' || request.method === 'HEAD') return listObjects(context, request, path);
  throw methodNotAllowed();
}
