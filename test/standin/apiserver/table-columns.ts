import { formatHumanDuration } from './human-duration.ts';
import { isRecord, numberAt, recordsAt, stringMapAt, textAt, valueAt } from './json-path.ts';
import type { KubeObject } from './kube-object.ts';
import type { ResourceType } from './resource-catalog.ts';

/** One column of a Table; wide ones are shown by `-o wide` only. */
export interface Column {
  readonly name: string;
  readonly cell: (object: KubeObject, now: Date) => string | number;
  readonly isWide?: boolean;
  readonly type?: 'string' | 'integer';
}

const NAME: Column = { name: 'Name', cell: (object) => object.metadata.name };
const AGE: Column = { name: 'Age', cell: since('metadata.creationTimestamp') };

/** The time since a timestamp, as kubectl writes it. */
function since(path: string): (object: KubeObject, now: Date) => string {
  return (object, now) => {
    const time = Date.parse(textAt(object, path));
    return Number.isNaN(time) ? '<unknown>' : formatHumanDuration(now.getTime() - time);
  };
}

function at(name: string, path: string, fallback = '<none>'): Column {
  return { name, cell: (object) => textAt(object, path) || fallback };
}

function count(name: string, path: string): Column {
  return { name, cell: (object) => numberAt(object, path), type: 'integer' };
}

function wide(column: Column): Column {
  return { ...column, isWide: true };
}

function dataCount(object: KubeObject): number {
  const sizeOf = (value: unknown): number => (isRecord(value) ? Object.keys(value).length : 0);
  return sizeOf(object['data']) + sizeOf(object['binaryData']);
}

function nodeStatus(node: KubeObject): string {
  const ready = recordsAt(node, 'status.conditions').find((condition) => condition['type'] === 'Ready');
  const word = ready === undefined ? 'Unknown' : ready['status'] === 'True' ? 'Ready' : 'NotReady';
  return valueAt(node, 'spec.unschedulable') === true ? `${word},SchedulingDisabled` : word;
}

function nodeRoles(node: KubeObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const labels = Object.entries(node.metadata.labels ?? {});
  const roles = labels.flatMap(([key, value]) => {
    if (key.startsWith(prefix)) return [key.slice(prefix.length)];
    return key === 'kubernetes.io/role' && value !== '' ? [value] : [];
  });
  const named = [...new Set(roles.filter((role) => role !== ''))].sort();
  return named.length === 0 ? '<none>' : named.join(',');
}

function nodeAddress(type: string): (node: KubeObject) => string {
  return (node) => {
    const found = recordsAt(node, 'status.addresses').find((address) => address['type'] === type);
    return textAt(found, 'address') || '<none>';
  };
}

function podReady(pod: KubeObject): string {
  const ready = recordsAt(pod, 'status.containerStatuses').filter((status) => status['ready'] === true);
  return `${ready.length}/${recordsAt(pod, 'spec.containers').length}`;
}

function podStatus(pod: KubeObject): string {
  if (pod.metadata.deletionTimestamp !== undefined) {
    return textAt(pod, 'status.reason') === 'NodeLost' ? 'Unknown' : 'Terminating';
  }
  const reason = textAt(pod, 'status.reason');
  const phase = textAt(pod, 'status.phase');
  return reason || (phase === 'Succeeded' ? 'Completed' : phase === 'Failed' ? 'Error' : phase);
}

function podRestarts(pod: KubeObject): number {
  const statuses = recordsAt(pod, 'status.containerStatuses');
  return statuses.reduce((sum, status) => sum + numberAt(status, 'restartCount'), 0);
}

function selectorText(path: string): (object: KubeObject) => string {
  return (object) => {
    const pairs = Object.entries(stringMapAt(object, path)).map(([key, value]) => `${key}=${value}`);
    return pairs.length === 0 ? '<none>' : pairs.join(',');
  };
}

function servicePorts(service: KubeObject): string {
  const ports = recordsAt(service, 'spec.ports').map((port) => {
    const nodePort = textAt(port, 'nodePort');
    const outside = nodePort === '' ? '' : `:${nodePort}`;
    return `${textAt(port, 'port')}${outside}/${textAt(port, 'protocol') || 'TCP'}`;
  });
  return ports.length === 0 ? '<none>' : ports.join(',');
}

function endpointAddresses(endpoints: KubeObject): string {
  const pairs = recordsAt(endpoints, 'subsets').flatMap((subset) =>
    recordsAt(subset, 'addresses').flatMap((address) =>
      recordsAt(subset, 'ports').map((port) => `${textAt(address, 'ip')}:${textAt(port, 'port')}`),
    ),
  );
  return pairs.length === 0 ? '<none>' : pairs.join(',');
}

function readyOf(ready: string, wanted: string): (object: KubeObject) => string {
  return (object) => `${numberAt(object, ready)}/${numberAt(object, wanted)}`;
}

const NODE: readonly Column[] = [
  NAME,
  { name: 'Status', cell: nodeStatus },
  { name: 'Roles', cell: nodeRoles },
  AGE,
  at('Version', 'status.nodeInfo.kubeletVersion', ''),
  wide({ name: 'Internal-IP', cell: nodeAddress('InternalIP') }),
  wide({ name: 'External-IP', cell: nodeAddress('ExternalIP') }),
  wide(at('OS-Image', 'status.nodeInfo.osImage', '<unknown>')),
  wide(at('Kernel-Version', 'status.nodeInfo.kernelVersion', '<unknown>')),
  wide(at('Container-Runtime', 'status.nodeInfo.containerRuntimeVersion', '<unknown>')),
];

const POD: readonly Column[] = [
  NAME,
  { name: 'Ready', cell: podReady },
  { name: 'Status', cell: podStatus },
  { name: 'Restarts', cell: podRestarts, type: 'integer' },
  AGE,
  wide(at('IP', 'status.podIP')),
  wide(at('Node', 'spec.nodeName')),
  wide(at('Nominated Node', 'status.nominatedNodeName')),
  wide({ name: 'Readiness Gates', cell: () => '<none>' }),
];

const BY_PLURAL: Readonly<Record<string, readonly Column[]>> = {
  nodes: NODE,
  pods: POD,
  namespaces: [NAME, at('Status', 'status.phase', ''), AGE],
  secrets: [NAME, at('Type', 'type', ''), { name: 'Data', cell: dataCount, type: 'integer' }, AGE],
  configmaps: [NAME, { name: 'Data', cell: dataCount, type: 'integer' }, AGE],
  services: [
    NAME,
    at('Type', 'spec.type', 'ClusterIP'),
    at('Cluster-IP', 'spec.clusterIP'),
    { name: 'External-IP', cell: () => '<none>' },
    { name: 'Port(s)', cell: servicePorts },
    AGE,
    wide({ name: 'Selector', cell: selectorText('spec.selector') }),
  ],
  endpoints: [NAME, { name: 'Endpoints', cell: endpointAddresses }, AGE],
  events: [
    { name: 'Last Seen', cell: since('lastTimestamp') },
    at('Type', 'type', ''),
    at('Reason', 'reason', ''),
    {
      name: 'Object',
      cell: (event) =>
        `${textAt(event, 'involvedObject.kind').toLowerCase()}/${textAt(event, 'involvedObject.name')}`,
    },
    at('Message', 'message', ''),
    wide(NAME),
  ],
  leases: [NAME, at('Holder', 'spec.holderIdentity', ''), AGE],
  deployments: [
    NAME,
    { name: 'Ready', cell: readyOf('status.readyReplicas', 'spec.replicas') },
    count('Up-to-date', 'status.updatedReplicas'),
    count('Available', 'status.availableReplicas'),
    AGE,
  ],
  replicasets: [
    NAME,
    count('Desired', 'spec.replicas'),
    count('Current', 'status.replicas'),
    count('Ready', 'status.readyReplicas'),
    AGE,
  ],
  daemonsets: [
    NAME,
    count('Desired', 'status.desiredNumberScheduled'),
    count('Current', 'status.currentNumberScheduled'),
    count('Ready', 'status.numberReady'),
    count('Up-to-date', 'status.updatedNumberScheduled'),
    count('Available', 'status.numberAvailable'),
    { name: 'Node Selector', cell: selectorText('spec.template.spec.nodeSelector') },
    AGE,
  ],
  jobs: [NAME, { name: 'Completions', cell: readyOf('status.succeeded', 'spec.completions') }, AGE],
  poddisruptionbudgets: [
    NAME,
    at('Min Available', 'spec.minAvailable', 'N/A'),
    at('Max Unavailable', 'spec.maxUnavailable', 'N/A'),
    count('Allowed Disruptions', 'status.disruptionsAllowed'),
    AGE,
  ],
  addons: [NAME, at('Source', 'spec.source', ''), at('Checksum', 'spec.checksum', ''), AGE],
  etcdsnapshotfiles: [
    NAME,
    at('SnapshotName', 'spec.snapshotName', ''),
    at('Node', 'spec.nodeName', ''),
    at('Location', 'spec.location', ''),
    at('Size', 'status.size', ''),
    at('CreationTime', 'status.creationTime', ''),
  ],
  helmcharts: [
    NAME,
    at('Repo', 'spec.repo', ''),
    at('Chart', 'spec.chart', ''),
    at('Version', 'spec.version', ''),
    at('TargetNamespace', 'spec.targetNamespace', ''),
    at('Bootstrap', 'spec.bootstrap', ''),
    at('Job', 'status.jobName', ''),
  ],
};

/** The columns of a kind; NAME and AGE where there is nothing better to show. */
export function columnsOf(resource: ResourceType): readonly Column[] {
  return BY_PLURAL[resource.plural] ?? [NAME, AGE];
}
