import { load } from 'js-yaml';
import type { NodeKey, Taint } from '../../src/domain/cluster.ts';
import { bracketed, nodeId } from '../../src/domain/node-identity.ts';
import type { ApiNode, EtcdMember, HostFacts } from '../../src/domain/observed.ts';
import type { PlannedNode } from '../../src/domain/plan.ts';
import type { Role, Service } from '../../src/domain/role.ts';
import { remember } from '../../src/lib/remember.ts';
import type { World } from './model-hosts.ts';

/** What etcd holds, of itself and of Kubernetes. */
export interface ClusterStore {
  /** A first server has been up once. */
  readonly founded: boolean;
  readonly members: readonly Member[];
  readonly nodes: readonly StoredNode[];
  readonly snapshots: readonly string[];
}

export interface Member {
  /** `<node name>-<8 hex>`; anew with each join. */
  readonly name: string;
  readonly machineId: string;
  /** By which the others know it. */
  readonly address: string;
  readonly isLearner: boolean;
}

/** A Node object, and the password that only the machine it was made for knows. */
export interface StoredNode {
  readonly name: string;
  readonly password: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly unschedulable: boolean;
  readonly drainedByUs: boolean;
  readonly version: string;
  readonly address: string;
}

/** What a machine has beside the facts that a probe tells. */
export interface Machine {
  /** /etc/rancher/node/password. */
  readonly password: string | null;
  /** config.yaml as it lies on the disk. */
  readonly config: string;
  /** What the process that runs, or ran last, had read at its start. */
  readonly running: { readonly version: string; readonly config: string } | null;
  /** Its kubelet waits for an API server to register with. */
  readonly registers: boolean;
}

/** What a step would have done and nobody could mend by running it again; any other error of the model is a step that just fails. */
export class HarmError extends Error {
  override readonly name = 'HarmError';
}

/** What every server of the model shows. */
export const CA_HASH = 'c'.repeat(64);

export const NO_MACHINE: Machine = { password: null, config: '', running: null, registers: false };

export interface ConfigFacts {
  readonly service: Service;
  readonly roles: readonly Role[];
  /** Host of the `server:` URL. */
  readonly server: string | null;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
}

const configs = new Map<string, ConfigFacts>();

/** What RKE2 makes of this config.yaml; `worker` is nothing that it knows. */
export function readConfig(text: string): ConfigFacts {
  const known = configs.get(text);
  if (known !== undefined) return known;
  const map = (load(text) ?? {}) as Record<string, unknown>;
  const list = (key: string) => (map[key] ?? []) as readonly string[];
  const isAgent = !('agent-token-file' in map);
  const roles: readonly Role[] = isAgent
    ? []
    : [
        ...(map['disable-etcd'] === true || 'datastore-endpoint' in map ? [] : (['etcd'] as const)),
        ...(map['disable-apiserver'] === true ? [] : (['controlplane'] as const)),
      ];
  const server = /^https:\/\/\[?(.*?)\]?:9345$/.exec(String(map['server'] ?? ''))?.[1] ?? null;
  const facts: ConfigFacts = {
    service: isAgent ? 'rke2-agent' : 'rke2-server',
    roles,
    server,
    name: String(map['node-name'] ?? ''),
    labels: Object.fromEntries(list('node-label').map((label) => label.split('=') as [string, string])),
    taints: list('node-taint').map(readTaint),
  };
  configs.set(text, facts);
  return facts;
}

function readTaint(text: string): Taint {
  const [, key = '', value = '', effect = ''] = /^(.*?)=(.*):(.*)$/.exec(text) ?? [];
  return { key, value, effect: effect as Taint['effect'] };
}

export function machineOf(world: World, machineId: string): Machine {
  return world.machines[machineId] ?? NO_MACHINE;
}

export function withMachine(world: World, machineId: string, change: Partial<Machine>): World {
  const machines = { ...world.machines, [machineId]: { ...machineOf(world, machineId), ...change } };
  return { ...world, machines };
}

export function withStore(world: World, change: Partial<ClusterStore>): World {
  return { ...world, store: { ...world.store, ...change } };
}

/** The host that this machine is; null when it is gone. */
export function hostOf(world: World, machineId: string): readonly [NodeKey, HostFacts] | null {
  return byMachine(world.hosts).get(machineId) ?? null;
}

/** Of two hosts that are one machine the first counts. */
const byMachine = remember(
  (hosts: World['hosts']) =>
    new Map(
      Object.entries(hosts)
        .toReversed()
        .map((entry) => [entry[1].machineId, entry] as const),
    ),
);

export function isOff(world: World, key: NodeKey): boolean {
  return world.off?.includes(key) === true;
}

/** What RKE2 listens on there, whatever it was told. */
export function addressOf(facts: HostFacts): string {
  return facts.addresses.find((each) => each.interface !== 'lo')?.address ?? '';
}

/** True where one of RKE2's services runs, READY or not. */
export function runs(facts: HostFacts | undefined, service: Service): boolean {
  const { active } = facts?.rke2[service === 'rke2-server' ? 'server' : 'agent'] ?? { active: '' };
  return active === 'active' || active === 'activating';
}

/** What runs on this machine; null when it is off, gone or has nothing to run. */
export function runningConfig(world: World, machineId: string): ConfigFacts | null {
  const host = hostOf(world, machineId);
  const running = machineOf(world, machineId).running;
  if (host === null || running === null || isOff(world, host[0])) return null;
  const config = readConfig(running.config);
  return runs(host[1], config.service) ? config : null;
}

export function livingMembers(world: World, without: string | null = null): readonly Member[] {
  const living = livingVoters(world);
  return without === null ? living : living.filter(({ machineId }) => machineId !== without);
}

const livingVoters = remember((world: World): readonly Member[] =>
  world.store.members.filter(
    ({ machineId, isLearner }) =>
      !isLearner && runningConfig(world, machineId)?.roles.includes('etcd') === true,
  ),
);

/** True while more than half of the voters live. */
export function hasQuorum(world: World, without: string | null = null): boolean {
  if (world.cluster.externalDatastore) return world.store.founded;
  const voters = world.store.members.filter(({ isLearner }) => !isLearner).length;
  return livingMembers(world, without).length * 2 > voters;
}

/** Machines whose API server answers. */
export const livingPlanes = remember((world: World): readonly string[] => {
  if (!hasQuorum(world)) return [];
  return Object.values(world.hosts)
    .map(({ machineId }) => machineId)
    .filter((id) => runningConfig(world, id)?.roles.includes('controlplane') === true);
});

/** Servers that a joining node may register with, by their addresses. */
export function livingServers(world: World): ReadonlyMap<string, NodeKey> {
  return new Map(
    Object.entries(world.hosts).flatMap(([key, facts]): [string, NodeKey][] =>
      runningConfig(world, facts.machineId)?.service === 'rke2-server'
        ? facts.addresses.map(({ address }) => [address, key])
        : [],
    ),
  );
}

/** Whether this member is the one of a node of this name. */
export function isMemberOf({ name }: { readonly name: string }, node: string): boolean {
  return name.replace(/-[^-]*$/, '') === node;
}

/** The API's list as a server's kubectl gives it; null where nobody answers. */
export function apiNodes(world: World, facts: HostFacts): readonly ApiNode[] | null {
  return runs(facts, 'rke2-server') && livingPlanes(world).length > 0 ? storedNodes(world) : null;
}

const storedNodes = remember((world: World): readonly ApiNode[] => {
  const machineIds = new Map(Object.entries(world.machines).map(([id, { password }]) => [password, id]));
  return world.store.nodes.map((node): ApiNode => {
    const machineId = machineIds.get(node.password);
    const running = machineId === undefined ? null : runningConfig(world, machineId);
    const member = world.store.members.find((each) => each.machineId === machineId);
    const isReady = running !== null && running.name === node.name;
    return {
      name: node.name,
      ready: isReady,
      reason: isReady ? '' : 'Kubelet stopped posting node status.',
      roles: Object.keys(node.labels)
        .filter((label) => label.startsWith(ROLE_LABEL))
        .map((label) => label.slice(ROLE_LABEL.length))
        .sort(),
      version: node.version,
      internalAddresses: [node.address],
      labels: node.labels,
      taints: node.taints,
      unschedulable: node.unschedulable,
      drainedByUs: node.drainedByUs,
      etcdVoter: member === undefined ? null : !member.isLearner,
    };
  });
});

export const ROLE_LABEL = 'node-role.kubernetes.io/';

/** As this server's own etcd lists them; null where none runs or no majority answers. */
export function etcdMembers(world: World, facts: HostFacts): readonly EtcdMember[] | null {
  const isMember = livingMembers(world).some(({ machineId }) => machineId === facts.machineId);
  if (!isMember || !hasQuorum(world)) return null;
  return world.store.members.map(({ name, machineId, address, isLearner }) => ({
    id: nodeId('member', machineId),
    name,
    peerUrls: [`https://${bracketed(address)}:2380`],
    isLearner,
  }));
}

/** The machine that a step is about: by its identity, as its key may be another machine's by now. */
export function machineIdOf(world: World, node: PlannedNode): string | null {
  const ids = [
    ...Object.values(world.hosts).map(({ machineId }) => machineId),
    ...Object.values(world.state.nodes).map(({ machineId }) => machineId),
  ];
  return ids.find((id) => nodeId(world.state.clusterId, id) === node.id) ?? null;
}
