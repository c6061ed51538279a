/** One kind that the server stores, and where: `/registry/<storage>/[<namespace>/]<name>` in etcd. */
export interface ResourceType {
  readonly group: string;
  /** Served versions, the preferred one first; objects are stored in it and re-labelled on the way out. */
  readonly versions: readonly [string, ...string[]];
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly storage: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Names of subresources besides the object itself: `status`, `scale`, `eviction`, `binding`. */
  readonly subresources: readonly string[];
}

type Row = readonly [
  plural: string,
  kind: string,
  scope: 'namespaced' | 'cluster',
  shortNames?: string,
  subresources?: string,
  storage?: string,
];

interface Group {
  readonly group: string;
  readonly versions: readonly [string, ...string[]];
  /** Custom resources lie below their group's name in etcd, built-in kinds below their plural alone. */
  readonly custom?: boolean;
  readonly rows: readonly Row[];
}

const GROUPS: readonly Group[] = [
  {
    group: '',
    versions: ['v1'],
    rows: [
      ['nodes', 'Node', 'cluster', 'no', 'status', 'minions'],
      ['namespaces', 'Namespace', 'cluster', 'ns', 'status finalize'],
      ['pods', 'Pod', 'namespaced', 'po', 'status eviction binding'],
      ['secrets', 'Secret', 'namespaced'],
      ['configmaps', 'ConfigMap', 'namespaced', 'cm'],
      ['events', 'Event', 'namespaced', 'ev'],
      ['services', 'Service', 'namespaced', 'svc', 'status', 'services/specs'],
      ['endpoints', 'Endpoints', 'namespaced', 'ep', '', 'services/endpoints'],
      ['serviceaccounts', 'ServiceAccount', 'namespaced', 'sa'],
      ['persistentvolumes', 'PersistentVolume', 'cluster', 'pv', 'status'],
      ['persistentvolumeclaims', 'PersistentVolumeClaim', 'namespaced', 'pvc', 'status'],
      ['resourcequotas', 'ResourceQuota', 'namespaced', 'quota', 'status'],
      ['limitranges', 'LimitRange', 'namespaced', 'limits'],
    ],
  },
  {
    group: 'apps',
    versions: ['v1'],
    rows: [
      ['deployments', 'Deployment', 'namespaced', 'deploy', 'status scale'],
      ['replicasets', 'ReplicaSet', 'namespaced', 'rs', 'status scale'],
      ['daemonsets', 'DaemonSet', 'namespaced', 'ds', 'status'],
      ['statefulsets', 'StatefulSet', 'namespaced', 'sts', 'status scale'],
      ['controllerrevisions', 'ControllerRevision', 'namespaced'],
    ],
  },
  {
    group: 'batch',
    versions: ['v1'],
    rows: [
      ['jobs', 'Job', 'namespaced', '', 'status'],
      ['cronjobs', 'CronJob', 'namespaced', 'cj', 'status'],
    ],
  },
  {
    group: 'policy',
    versions: ['v1', 'v1beta1'],
    rows: [['poddisruptionbudgets', 'PodDisruptionBudget', 'namespaced', 'pdb', 'status']],
  },
  { group: 'coordination.k8s.io', versions: ['v1'], rows: [['leases', 'Lease', 'namespaced']] },
  { group: 'discovery.k8s.io', versions: ['v1'], rows: [['endpointslices', 'EndpointSlice', 'namespaced']] },
  {
    group: 'networking.k8s.io',
    versions: ['v1'],
    rows: [
      ['networkpolicies', 'NetworkPolicy', 'namespaced', 'netpol'],
      ['ingresses', 'Ingress', 'namespaced', 'ing', 'status'],
      ['ingressclasses', 'IngressClass', 'cluster'],
    ],
  },
  {
    group: 'rbac.authorization.k8s.io',
    versions: ['v1'],
    rows: [
      ['roles', 'Role', 'namespaced'],
      ['rolebindings', 'RoleBinding', 'namespaced'],
      ['clusterroles', 'ClusterRole', 'cluster'],
      ['clusterrolebindings', 'ClusterRoleBinding', 'cluster'],
    ],
  },
  {
    group: 'storage.k8s.io',
    versions: ['v1'],
    rows: [
      ['storageclasses', 'StorageClass', 'cluster', 'sc'],
      ['csinodes', 'CSINode', 'cluster'],
      ['csidrivers', 'CSIDriver', 'cluster'],
    ],
  },
  {
    group: 'scheduling.k8s.io',
    versions: ['v1'],
    rows: [['priorityclasses', 'PriorityClass', 'cluster', 'pc']],
  },
  { group: 'node.k8s.io', versions: ['v1'], rows: [['runtimeclasses', 'RuntimeClass', 'cluster']] },
  {
    group: 'k3s.cattle.io',
    versions: ['v1'],
    custom: true,
    rows: [
      ['addons', 'Addon', 'namespaced'],
      ['etcdsnapshotfiles', 'ETCDSnapshotFile', 'cluster', '', 'status'],
    ],
  },
  {
    group: 'helm.cattle.io',
    versions: ['v1'],
    custom: true,
    rows: [
      ['helmcharts', 'HelmChart', 'namespaced', '', 'status'],
      ['helmchartconfigs', 'HelmChartConfig', 'namespaced'],
    ],
  },
];

/** What `kubectl get all` shows. */
const IN_ALL = new Set([
  'pods',
  'services',
  'daemonsets',
  'deployments',
  'replicasets',
  'statefulsets',
  'jobs',
]);

function splitWords(words: string | undefined): readonly string[] {
  return words === undefined || words === '' ? [] : words.split(' ');
}

function toResource(group: Group, row: Row): ResourceType {
  const [plural, kind, scope, shortNames, subresources, storage] = row;
  return {
    group: group.group,
    versions: group.versions,
    plural,
    kind,
    namespaced: scope === 'namespaced',
    storage: storage ?? (group.custom === true ? `${group.group}/${plural}` : plural),
    shortNames: splitWords(shortNames),
    categories: IN_ALL.has(plural) ? ['all'] : [],
    subresources: splitWords(subresources),
  };
}

/** Every kind that the server knows; anything else is a 404 as with Kubernetes. */
export const RESOURCES: readonly ResourceType[] = GROUPS.flatMap((group) =>
  group.rows.map((row) => toResource(group, row)),
);

/** Finds a kind by group, served version and plural name. */
export function findResource(group: string, version: string, plural: string): ResourceType | undefined {
  return RESOURCES.find(
    (resource) =>
      resource.group === group && resource.plural === plural && resource.versions.includes(version),
  );
}

/** A kind that this program itself relies on, by its storage name; a wrong name is a bug and throws. */
export function builtin(storage: string): ResourceType {
  const resource = RESOURCES.find((candidate) => candidate.storage === storage);
  if (resource === undefined) throw new Error(`no resource is stored at /registry/${storage}`);
  return resource;
}

/** `nodes`, `deployments.apps`: how Kubernetes names a resource in its messages. */
export function groupResource(resource: ResourceType): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

/** `v1`, `apps/v1`: the apiVersion of a kind in one of its versions (the preferred one unless told). */
export function apiVersionOf(resource: ResourceType, version = resource.versions[0]): string {
  return resource.group === '' ? version : `${resource.group}/${version}`;
}
