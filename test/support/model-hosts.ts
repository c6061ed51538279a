import type { Cluster, NodeKey } from '../../src/domain/cluster.ts';
import { describeCluster } from '../../src/domain/describe-cluster.ts';
import type { Diagnostic } from '../../src/domain/diagnostic.ts';
import { nodeKey } from '../../src/domain/node-identity.ts';
import type {
  ApiNode,
  FirewallFacts,
  HostFacts,
  HostObservation,
  Observed,
} from '../../src/domain/observed.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { State } from '../../src/domain/state.ts';
import { sha256 } from '../../src/lib/hash.ts';
import { remember } from '../../src/lib/remember.ts';
import { checkMembership } from '../../src/plan/check-membership.ts';
import { checkPlanes } from '../../src/plan/check-planes.ts';
import { checkQuorum } from '../../src/plan/check-quorum.ts';
import { checkState } from '../../src/plan/check-state.ts';
import { chooseBootstrap } from '../../src/plan/choose-bootstrap.ts';
import { planUp } from '../../src/plan/plan-up.ts';
import { rememberAddons } from '../../src/plan/remember-addons.ts';
import type { DesiredInput } from '../../src/render/desired-node.ts';
import { renderManifests } from '../../src/render/manifests.ts';
import { makeFacts } from './make-facts.ts';
import { apiNodes, type ClusterStore, etcdMembers, type Machine } from './model-cluster.ts';

const VERSION = 'v1.35.7+rke2r1';

/**
 * A world in which steps are carried out by changing facts. What the planner sees of it is the file, the state and what a
 * probe would tell of each host; what the cluster itself holds lies beside them.
 */
export interface World {
  readonly cluster: Cluster;
  readonly state: State;
  /** Every machine by where it is reached, also those that the file does not name. */
  readonly hosts: Readonly<Record<NodeKey, HostFacts>>;
  readonly kubeconfig: boolean;
  /** Hosts that do not answer us, although they live. */
  readonly down?: readonly NodeKey[];
  /** Machines that are switched off. */
  readonly off?: readonly NodeKey[];
  /** Nodes that the person says are to be replaced by the machine that stands there now. */
  readonly replace?: readonly string[];
  readonly store: ClusterStore;
  /** By machine-id. */
  readonly machines: Readonly<Record<string, Machine>>;
}

/** A machine fresh from its installer. */
export function makeHost(
  address: string,
  hostname: string,
  machine: string,
  options: { readonly firewalld: boolean },
): HostFacts {
  const firewall: FirewallFacts = options.firewalld
    ? {
        provider: 'firewalld',
        defaultZone: 'public',
        zones: {
          public: { interfaces: [], sources: [], ports: [], richRules: [], target: 'default' },
          trusted: { interfaces: [], sources: [], ports: [], richRules: [], target: 'ACCEPT' },
        },
        ipsets: {},
        flushAllOnReload: true,
      }
    : { provider: 'none' };
  return makeFacts({
    hostname,
    machineId: sha256(machine).slice(0, 32),
    addresses: [{ interface: 'eth0', address, prefix: 24 }],
    firewall,
  });
}

/** Fresh hosts for every node of the cluster, with firewalld when asked, and a state that has seen nothing yet. */
export function makeWorld(cluster: Cluster, options: { readonly firewalld: boolean }): World {
  const hosts = cluster.nodes.map((node, index): [NodeKey, HostFacts] => [
    node.key,
    makeHost(node.address, `h${index}`, node.key, options),
  ]);
  const state: State = {
    schemaVersion: 1,
    clusterId: 'c1',
    clusterName: cluster.name,
    serial: 1,
    version: cluster.version ?? VERSION,
    bootstrapNodeId: null,
    caHash: null,
    desired: null,
    removing: false,
    nodes: {},
    addons: {},
    secrets: { serverToken: new Secret('server-password'), agentToken: new Secret('agent-password') },
  };
  return {
    cluster,
    state,
    hosts: Object.fromEntries(hosts),
    kubeconfig: false,
    store: { founded: false, members: [], nodes: [], snapshots: [] },
    machines: {},
  };
}

/** What a run sees: the hosts of the file, and those of members that the file no longer names. */
export const observe = remember((world: World): Observed => {
  const members = Object.values(world.state.nodes).map(({ address, port }) => nodeKey(address, port));
  const keys = [...new Set([...world.cluster.nodes.map((node) => node.key), ...members])];
  let isTold = false;
  const told = (nodes: readonly ApiNode[] | null) => {
    if (nodes === null || isTold) return null;
    isTold = true;
    return nodes;
  };
  return {
    hosts: Object.fromEntries(
      keys.map((key): [NodeKey, HostObservation] => {
        const facts = world.hosts[key];
        return facts === undefined || world.down?.includes(key) || world.off?.includes(key)
          ? [
              key,
              { reachable: false, error: { code: 'connect-timeout', message: 'no answer', hint: 'look' } },
            ]
          : [key, { reachable: true, facts: probed(world, facts, told) }];
      }),
    ),
  };
});

/** One server tells of all Nodes, as the sessions see to it. */
function probed(
  world: World,
  facts: HostFacts,
  told: (nodes: readonly ApiNode[] | null) => readonly ApiNode[] | null,
): HostFacts {
  const nodes = apiNodes(world, facts);
  const asked = { apiAnswers: nodes !== null, nodes: told(nodes), members: etcdMembers(world, facts) };
  return { ...facts, rke2: { ...facts.rke2, ...asked } };
}

export const planInput = remember((world: World): DesiredInput => {
  const observed = observe(world);
  const version = world.cluster.version ?? world.state.version ?? VERSION;
  return {
    cluster: world.cluster,
    observed,
    state: rememberAddons(world.state, renderManifests(world.cluster), world.cluster, observed),
    version,
    bootstrapKey: chooseBootstrap(world.cluster, observed, world.state),
    artifacts: {
      amd64: {
        tarball: { name: 'rke2.linux-amd64.tar.gz', sha256: sha256(`tarball ${version}`), sizeBytes: 40 },
        images: [
          { name: 'rke2-images.linux-amd64.tar.zst', sha256: sha256(`images ${version}`), sizeBytes: 700 },
        ],
      },
    },
  };
});

export function planWorld(world: World): Plan {
  return planUp({ ...planInput(world), findings: [], kubeconfigPresent: world.kubeconfig, checkPorts: true });
}

/** What a run would refuse it for, or warn of. */
export function findingsOf(world: World, plan: Plan = planWorld(world)): readonly Diagnostic[] {
  const { observed, state, version } = planInput(world);
  return [
    ...checkState(world.cluster, observed, world.state, version),
    ...checkMembership(world.cluster, observed, world.state, world.replace ?? []),
    ...checkQuorum(world.cluster, observed, state, plan),
    ...checkPlanes(observed, state, plan),
  ];
}

/** The world as a run leaves it right before its first step: what is asked for is on disk. */
export function beginRun(world: World, input: DesiredInput): World {
  const state: State = {
    ...input.state,
    clusterName: world.cluster.name,
    version: input.version,
    desired: describeCluster(world.cluster),
  };
  return { ...world, state };
}

/** The world with one host's facts changed. */
export function withFacts(world: World, key: NodeKey, change: (facts: HostFacts) => HostFacts): World {
  const facts = world.hosts[key];
  if (facts === undefined) throw new Error(`no host ${key}`);
  return { ...world, hosts: { ...world.hosts, [key]: change(facts) } };
}
