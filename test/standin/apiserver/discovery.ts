import { apiVersionOf, RESOURCES, type ResourceType } from './resource-catalog.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

interface GroupVersion {
  readonly groupVersion: string;
  readonly version: string;
}

function groupsOf(resources: readonly ResourceType[]): Map<string, readonly GroupVersion[]> {
  const groups = new Map<string, readonly GroupVersion[]>();
  for (const resource of resources) {
    if (resource.group === '') continue;
    const versions = resource.versions.map((version) => ({
      groupVersion: apiVersionOf(resource, version),
      version,
    }));
    groups.set(resource.group, versions);
  }
  return groups;
}

function describeGroup(name: string, versions: readonly GroupVersion[]): Record<string, unknown> {
  return { name, versions, preferredVersion: versions[0] };
}

/** Kinds of subresources that are not their parent's own kind. */
function subresourceKind(resource: ResourceType, subresource: string): Record<string, unknown> {
  if (subresource === 'eviction')
    return { kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'] };
  if (subresource === 'binding') return { kind: 'Binding', verbs: ['create'] };
  const verbs = ['get', 'patch', 'update'];
  if (subresource === 'scale') return { kind: 'Scale', group: 'autoscaling', version: 'v1', verbs };
  return { kind: resource.kind, verbs: subresource === 'finalize' ? ['update'] : verbs };
}

function describeResource(resource: ResourceType): readonly Record<string, unknown>[] {
  const { plural, namespaced, kind, shortNames, categories } = resource;
  const object = {
    name: plural,
    singularName: kind.toLowerCase(),
    namespaced,
    kind,
    verbs: VERBS,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  };
  const below = resource.subresources.map((subresource) => ({
    name: `${plural}/${subresource}`,
    singularName: '',
    namespaced,
    ...subresourceKind(resource, subresource),
  }));
  return [object, ...below];
}

/** Answers /api, /apis, /api/v1, /apis/<group> and /apis/<group>/<version>; undefined for anything else. */
export function discover(
  path: string,
  serverAddress: string,
  resources: readonly ResourceType[] = RESOURCES,
): Record<string, unknown> | undefined {
  const [root, first, second, ...more] = path.split('/').filter((word) => word !== '');
  if (more.length > 0) return undefined;
  const groups = groupsOf(resources);
  if (root === 'api' && first === undefined) {
    const serverAddressByClientCIDRs = [{ clientCIDR: '0.0.0.0/0', serverAddress }];
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs };
  }
  if (root === 'apis' && first === undefined) {
    const list = [...groups].map(([name, versions]) => describeGroup(name, versions));
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: list };
  }
  if (root === 'apis' && first !== undefined && second === undefined) {
    const versions = groups.get(first);
    return versions && { kind: 'APIGroup', apiVersion: 'v1', ...describeGroup(first, versions) };
  }
  const group = root === 'api' ? '' : (first ?? '');
  const version = (root === 'api' ? first : second) ?? '';
  if (root === 'api' && second !== undefined) return undefined;
  const served = resources.filter(
    (resource) => resource.group === group && resource.versions.includes(version),
  );
  if (served.length === 0) return undefined;
  const groupVersion = group === '' ? version : `${group}/${version}`;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion,
    resources: served.flatMap(describeResource),
  };
}
