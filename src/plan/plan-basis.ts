import type { Cluster, JsonMap, NodeKey } from '../domain/cluster.ts';
import { describeCluster } from '../domain/describe-cluster.ts';
import type { ApiNode, HostFacts, Observed } from '../domain/observed.ts';
import { Secret } from '../domain/secret.ts';
import { keyedDigest } from '../lib/keyed-digest.ts';
import { listNodes } from './list-nodes.ts';

/**
 * What a plan was made from, so that it can be seen later whether that is still so. Digests are keyed with the server
 * token: they tell nothing about what they stand for.
 */
export interface PlanBasis {
  /** The version of rke2ctl that planned. */
  readonly rke2ctl: string;
  readonly cluster: ClusterBasis;
  /** null: there was no state yet. */
  readonly state: StateBasis | null;
  /** By node of the file, and of those that leave; null: was not reached. */
  readonly hosts: Readonly<Record<NodeKey, HostBasis | null>>;
}

export interface ClusterBasis {
  /** Over everything that the file says, secrets included. */
  readonly digest: string;
  /** The same without secrets, to say later what is otherwise. */
  readonly described: JsonMap;
}

export interface StateBasis {
  readonly clusterId: string;
  readonly serial: number;
  readonly checksum: string;
}

/** Digests by what they are of, in words for people: `the firewall`, `/etc/rancher/rke2/config.yaml`. */
export type HostBasis = Readonly<Record<string, string>>;

/**
 * The cluster as far as the steps follow from it: how this machine reaches the hosts and where its own copies lie may be
 * otherwise where the plan is applied. Without a key (there is no server token yet) secrets are left out.
 */
export function clusterBasis(cluster: Cluster, key: string | null): ClusterBasis {
  const { ssh: _ssh, kubeconfig, install, nodes, ...rest } = cluster;
  const { path: _path, ...file } = kubeconfig;
  const shared = {
    ...rest,
    kubeconfig: file,
    install: { ...install, artifacts: install.artifacts !== null, remote: null },
    nodes: nodes.map(({ auth: _auth, bastions: _bastions, ...node }) => node),
  };
  const described = describeCluster(shared as unknown as Cluster);
  return { digest: keyedDigest(key ?? '', key === null ? described : reveal(shared)), described };
}

/** What was seen of every host, as far as steps follow from it: no clock, no load, no free space. */
export function hostsBasis(observed: Observed, key: string | null): PlanBasis['hosts'] {
  const nodes = listNodes(observed)?.map(nodeFacts) ?? null;
  const entries = Object.entries(observed.hosts).map(([node, host]): [NodeKey, HostBasis | null] => [
    node,
    host.reachable ? hostBasis(host.facts, nodes, key ?? '') : null,
  ]);
  return Object.fromEntries(entries);
}

function hostBasis(facts: HostFacts, nodes: readonly unknown[] | null, key: string): HostBasis {
  const { rke2 } = facts;
  const aspects: Readonly<Record<string, unknown>> = {
    'the machine': [facts.machineId, facts.hostname, facts.hostKey, facts.arch],
    'the firewall': facts.firewall,
    'the services': [rke2.server, rke2.agent],
    'the binaries of RKE2': [rke2.binaries, rke2.rpm, rke2.previous],
    'our marker': rke2.marker,
    'the image bundles': rke2.images,
    'its etcd data': [rke2.etcdData, rke2.caHash],
    'the cluster’s Nodes, as it sees them': rke2.apiAnswers ? nodes : null,
    'the members of etcd, as it sees them':
      rke2.members?.map(({ id, isLearner, peerUrls }) => [id, isLearner, peerUrls]) ?? null,
    ...rke2.files,
  };
  return Object.fromEntries(Object.entries(aspects).map(([name, value]) => [name, keyedDigest(key, value)]));
}

/** Conditions (Ready among them), labels and taints of Kubernetes' own come and go; where they matter, the steps differ. */
function nodeFacts({ name, version, unschedulable, roles }: ApiNode): readonly unknown[] {
  return [name, version, unschedulable, roles];
}

/** Plain data with every secret laid open: only ever to be digested. */
function reveal(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  if (Array.isArray(value)) return value.map(reveal);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, reveal(each)]));
}
