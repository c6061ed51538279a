import type { ApiAnswer, ApiRequest } from './api-context.ts';
import type { KubeObject } from './kube-object.ts';
import type { ListMetadata } from './page-of.ts';
import type { ResourcePath } from './request-info.ts';
import { apiVersionOf, type ResourceType } from './resource-catalog.ts';
import { type IncludeObject, makeTable, wantsTable } from './table.ts';

/** The object in the version that the client asked for; storage knows the preferred one only. */
function inVersion(path: ResourcePath, object: KubeObject): KubeObject {
  return { ...object, apiVersion: apiVersionOf(path.resource, path.version) };
}

function includeOf(request: ApiRequest): IncludeObject {
  const include = request.query.get('includeObject');
  return include === 'None' || include === 'Object' ? include : 'Metadata';
}

/** True when a request's Accept header asks for an object's metadata alone. */
function wantsMetadata(accept: string | undefined): boolean {
  return /(^|;)as=PartialObjectMetadata(;|$)/.test(accept?.split(',')[0] ?? '');
}

/** One object as the client wants it: itself, its metadata alone, or a Table of one row. */
export function presentObject(request: ApiRequest, path: ResourcePath, object: KubeObject): unknown {
  const shown = inVersion(path, object);
  if (wantsMetadata(request.accept))
    return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
  if (!wantsTable(request.accept)) return shown;
  const { resourceVersion = '' } = object.metadata;
  return makeTable(path.resource, [shown], { resourceVersion }, includeOf(request));
}

/** An answer that carries one object. */
export function answerObject(
  request: ApiRequest,
  path: ResourcePath,
  object: KubeObject,
  code = 200,
): ApiAnswer {
  return { code, body: presentObject(request, path, object) };
}

/** An answer that carries a list, as `<Kind>List` or as a Table. */
export function answerList(
  request: ApiRequest,
  path: ResourcePath,
  items: readonly KubeObject[],
  metadata: ListMetadata,
): ApiAnswer {
  const shown = items.map((item) => inVersion(path, item));
  if (wantsTable(request.accept)) {
    return { code: 200, body: makeTable(path.resource, shown, metadata, includeOf(request)) };
  }
  const body = {
    kind: `${path.resource.kind}List`,
    apiVersion: apiVersionOf(path.resource, path.version),
    metadata,
    items: shown,
  };
  return { code: 200, body };
}

/** What a deletion answers once the object is gone. */
export function answerDeleted(resource: ResourceType, object: KubeObject): ApiAnswer {
  const { name, uid } = object.metadata;
  const details = {
    name,
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.plural,
    uid,
  };
  return { code: 200, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details } };
}
