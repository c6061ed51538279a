import type { Cluster, ClusterNode, NodeKey } from '../../domain/cluster.ts';
import type { Diagnostic } from '../../domain/diagnostic.ts';
import { nodeName } from '../../domain/node-identity.ts';
import type { HostFacts, Observed } from '../../domain/observed.ts';
import { remember } from '../../lib/remember.ts';
import type { EtcdLink } from '../../rke2/etcd-links.ts';

/** Everything that the checks look at. Hosts that were not reached are passed over: they are reported elsewhere. */
export interface CheckInput {
  readonly cluster: Cluster;
  readonly observed: Observed;
  /** Of this cluster's state; null when there is none, so that no marker can be ours. */
  readonly clusterId: string | null;
  /** Machines (by machine-id) that the state has taken over, whose marker a run that was cut off did not write. */
  readonly adopting?: readonly string[];
  /** Bytes that this run would put on each host, by path; hosts that get nothing are left out. */
  readonly requiredDiskBytes: Readonly<Record<NodeKey, Readonly<Record<string, number>>>>;
  /** What the artifacts were built for (`amd64`); null when the hosts download what fits them. */
  readonly architectures: readonly string[] | null;
  /** Measured round trips between etcd nodes, where somebody measured them. */
  readonly etcdLinks?: readonly EtcdLink[];
}

/** One thing that can be wrong with the hosts. `name` is the code of its findings, and what `--ignore-check` takes. */
export interface Check {
  readonly name: string;
  readonly severity: Diagnostic['severity'];
  readonly check: (input: CheckInput) => readonly Diagnostic[];
}

/** What is wrong and why it matters, and what to do about it. */
export interface Complaint {
  readonly message: string;
  readonly hint: string;
}

/** A reached host beside what the file says of it. */
export interface CheckedHost {
  readonly node: ClusterNode;
  readonly facts: HostFacts;
  /** How messages call it: as the person wrote it. */
  readonly label: string;
  /** The Kubernetes node name that it has or will get. */
  readonly name: string;
  /** Its marker names this cluster. */
  readonly ours: boolean;
  /** RKE2 is on it, ours or not. */
  readonly hasRke2: boolean;
}

/** A check that looks at one host at a time. */
export function hostCheck(
  name: string,
  severity: Diagnostic['severity'],
  look: (host: CheckedHost, input: CheckInput) => Complaint | null | readonly Complaint[],
): Check {
  return {
    name,
    severity,
    check: (input) => {
      const findings: Diagnostic[] = [];
      for (const host of checkedHosts(input)) {
        const found = look(host, input);
        if (found === null) continue;
        for (const complaint of 'message' in found ? [found] : found)
          findings.push({ severity, code: name, ...complaint, node: host.label });
      }
      return findings;
    },
  };
}

/** A check that looks at all hosts together. */
export function clusterCheck(
  name: string,
  severity: Diagnostic['severity'],
  look: (input: CheckInput) => readonly Complaint[],
): Check {
  return {
    name,
    severity,
    check: (input) => look(input).map((complaint) => ({ severity, code: name, ...complaint })),
  };
}

/** The hosts of the file that were reached, in its order. */
export const checkedHosts = remember((input: CheckInput): readonly CheckedHost[] =>
  input.cluster.nodes.flatMap((node): CheckedHost[] => {
    const observation = input.observed.hosts[node.key];
    if (observation?.reachable !== true) return [];
    const { facts } = observation;
    const { marker } = facts.rke2;
    return [
      {
        node,
        facts,
        label: hostLabel(node),
        name: nodeName(node, facts),
        ours: isMarker(marker) && input.clusterId !== null && marker.clusterId === input.clusterId,
        hasRke2: facts.rke2.server.exists || facts.rke2.agent.exists || facts.rke2.etcdData,
      },
    ];
  }),
);

/** The name that the file gives the node, else its address; with the port when that is not SSH's own. */
export function hostLabel(node: ClusterNode): string {
  return node.name ?? (node.port === 22 ? node.address : node.key);
}

function isMarker(
  marker: HostFacts['rke2']['marker'],
): marker is Exclude<typeof marker, null | 'unreadable'> {
  return marker !== null && marker !== 'unreadable';
}
