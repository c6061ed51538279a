import { findResource, type ResourceType } from './resource-catalog.ts';

/** What a path below /api or /apis means. An empty namespace is "all"; an empty name is the collection. */
export interface ResourcePath {
  readonly resource: ResourceType;
  readonly version: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  /** The old form `/api/v1/watch/…` asks for a watch without a query. */
  readonly isWatchPath: boolean;
}

function locate(
  group: string,
  version: string,
  rest: readonly string[],
  isWatchPath: boolean,
): ResourcePath | undefined {
  const [first, second, third] = rest;
  const at = (namespace: string, words: readonly string[]): ResourcePath | undefined => {
    const [plural = '', name = '', subresource = '', ...more] = words;
    const resource = findResource(group, version, plural);
    if (resource === undefined || more.length > 0) return undefined;
    if (namespace !== '' && !resource.namespaced) return undefined;
    if (resource.namespaced && namespace === '' && name !== '') return undefined;
    if (subresource !== '' && !resource.subresources.includes(subresource)) return undefined;
    return { resource, version, namespace, name, subresource, isWatchPath };
  };
  const isWithin =
    first === 'namespaces' &&
    second !== undefined &&
    third !== undefined &&
    !(group === '' && rest.length === 3 && (third === 'status' || third === 'finalize'));
  return isWithin ? at(second, rest.slice(2)) : at('', rest);
}

/** Reads `/api/v1/…` and `/apis/<group>/<version>/…`; undefined for what Kubernetes answers with 404. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const words = path
    .split('/')
    .filter((word) => word !== '')
    .map((word) => decodeURIComponent(word));
  const isCore = words[0] === 'api';
  if (!isCore && words[0] !== 'apis') return undefined;
  const group = isCore ? '' : (words[1] ?? '');
  const version = (isCore ? words[1] : words[2]) ?? '';
  const rest = words.slice(isCore ? 2 : 3);
  return rest[0] === 'watch'
    ? locate(group, version, rest.slice(1), true)
    : locate(group, version, rest, false);
}
