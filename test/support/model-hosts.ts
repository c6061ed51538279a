import type { Cluster, NodeKey } from '../../src/domain/cluster.ts';
import type { FirewallRecord } from '../../src/domain/marker.ts';
import { nodeId } from '../../src/domain/node-identity.ts';
import type {
  ApiNode,
  FirewallFacts,
  HostFacts,
  HostObservation,
  Observed,
} from '../../src/domain/observed.ts';
import type { Plan, Step, StepOf } from '../../src/domain/plan.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { State } from '../../src/domain/state.ts';
import { contentStamp } from '../../src/lib/content-stamp.ts';
import { sha256 } from '../../src/lib/hash.ts';
import { chooseBootstrap } from '../../src/plan/choose-bootstrap.ts';
import { planUp } from '../../src/plan/plan-up.ts';
import { rememberAddons } from '../../src/plan/remember-addons.ts';
import { type DesiredInput, desiredNode, factsOf } from '../../src/render/desired-node.ts';
import { manifestPath, renderManifests } from '../../src/render/manifests.ts';
import { canFound } from '../../src/rke2/roles.ts';
import { makeFacts } from './make-facts.ts';

const CA_HASH = 'c'.repeat(64);
const IMAGE = { name: 'rke2-images.linux-amd64.tar.zst', sha256: '1'.repeat(64), sizeBytes: 700 };
const TARBALL = { name: 'rke2.linux-amd64.tar.gz', sha256: '2'.repeat(64), sizeBytes: 40 };

/** A world in which steps are carried out by changing facts: what the planner sees is all there is of it. */
export interface World {
  readonly cluster: Cluster;
  readonly state: State;
  readonly hosts: Readonly<Record<NodeKey, HostFacts>>;
  readonly kubeconfig: boolean;
  /** Hosts that do not answer. */
  readonly down?: readonly NodeKey[];
}

/** Fresh hosts for every node of the cluster, with firewalld when asked, and a state that has seen nothing yet. */
export function makeWorld(cluster: Cluster, options: { readonly firewalld: boolean }): World {
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
  const hosts = cluster.nodes.map((node, index): [NodeKey, HostFacts] => [
    node.key,
    makeFacts({
      hostname: `h${index}`,
      machineId: sha256(node.key).slice(0, 32),
      addresses: [{ interface: 'eth0', address: node.address, prefix: 24 }],
      firewall,
    }),
  ]);
  const state: State = {
    schemaVersion: 1,
    clusterId: 'c1',
    clusterName: cluster.name,
    serial: 1,
    version: 'v1.35.7+rke2r1',
    bootstrapNodeId: null,
    caHash: null,
    desired: null,
    removing: false,
    nodes: {},
    addons: {},
    secrets: { serverToken: new Secret('server-password'), agentToken: new Secret('agent-password') },
  };
  return { cluster, state, hosts: Object.fromEntries(hosts), kubeconfig: false };
}

export function planInput(world: World): DesiredInput {
  const observed: Observed = {
    hosts: Object.fromEntries(
      Object.entries(world.hosts).map(([key, facts]): [NodeKey, HostObservation] => [
        key,
        world.down?.includes(key)
          ? { reachable: false, error: { code: 'connect-timeout', message: 'no answer', hint: 'look' } }
          : { reachable: true, facts: { ...facts, rke2: { ...facts.rke2, nodes: apiNodes(world, facts) } } },
      ]),
    ),
  };
  return {
    cluster: world.cluster,
    observed,
    state: rememberAddons(world.state, renderManifests(world.cluster), world.cluster, observed),
    version: 'v1.35.7+rke2r1',
    bootstrapKey: chooseBootstrap(world.cluster, observed, world.state),
    artifacts: { amd64: { tarball: TARBALL, images: [IMAGE] } },
  };
}

export function planWorld(world: World): Plan {
  return planUp({ ...planInput(world), findings: [], kubeconfigPresent: world.kubeconfig, checkPorts: true });
}

/** The world after one step. Throws when the step could not have worked there: what it needs is not so. */
export function applyStep(before: World, step: Step): World {
  // As `up` does it: what is to be remembered of addons is on disk before the first step.
  const world = { ...before, state: planInput(before).state };
  switch (step.kind) {
    case 'delete-addon':
      return applyDeletion(world, step);
    case 'claim':
      return applyClaim(world, step);
    case 'start-service':
      return applyStart(world, step);
    case 'write-kubeconfig':
      return { ...world, kubeconfig: true };
    default:
      return step.node === null
        ? world
        : withFacts(world, step.node.key, (facts) => applyToHost(world, facts, step));
  }
}

function applyToHost(world: World, facts: HostFacts, step: Step): HostFacts {
  switch (step.kind) {
    case 'stage-artifacts': {
      const images = step.images.map((image) => ({ ...image, mtime: contentStamp(image.sha256) }));
      return { ...facts, rke2: { ...facts.rke2, images } };
    }
    case 'install':
      return {
        ...facts,
        rke2: { ...facts.rke2, binaries: [{ path: '/usr/local/bin/rke2', version: step.version }] },
      };
    case 'open-firewall':
      return { ...facts, firewall: openFirewall(facts.firewall, step.add, step.remove) };
    case 'write-files':
      return {
        ...facts,
        rke2: {
          ...facts.rke2,
          files: Object.fromEntries(
            Object.entries({ ...facts.rke2.files, ...writtenFiles(world, step) }).filter(
              ([path]) => !step.removed.includes(path),
            ),
          ),
        },
      };
    case 'prepare-host':
      return { ...facts, inotify: { instances: 8192, watches: 524_288 } };
    default:
      return facts;
  }
}

function applyDeletion(world: World, { name, node, forget }: StepOf<'delete-addon'>): World {
  if (!isActive(world.hosts[node?.key ?? ''], 'server')) throw new Error('nobody to delete it');
  const path = manifestPath(world.cluster.dataDir, name);
  if (Object.values(world.hosts).some((host) => forget && host.rke2.files[path] !== undefined))
    throw new Error(`${name} is still on a host and would be applied again`);
  const { [name]: gone, ...addons } = world.state.addons;
  return forget && gone !== undefined ? { ...world, state: { ...world.state, addons } } : world;
}

function applyClaim(world: World, step: StepOf<'claim'>): World {
  const { node, marker } = step;
  if (node === null) return world;
  const spec = world.cluster.nodes.find((candidate) => candidate.key === node.key);
  const before = world.state.nodes[node.id];
  const record = {
    nodeId: node.id,
    name: node.name,
    machineId: marker.machineId,
    hostKey: null,
    address: spec?.address ?? '',
    port: spec?.port ?? 22,
    clusterAddress: node.address,
    roles: node.roles,
    version: marker.version,
    phase: before?.phase ?? ('staged' as const),
  };
  const state = {
    ...world.state,
    bootstrapNodeId: step.bootstrap ? node.id : world.state.bootstrapNodeId,
    nodes: { ...world.state.nodes, [node.id]: record },
  };
  return withFacts({ ...world, state }, node.key, (facts) => ({ ...facts, rke2: { ...facts.rke2, marker } }));
}

function applyStart(world: World, { node, join }: StepOf<'start-service'>): World {
  if (node === null) return world;
  const facts = world.hosts[node.key];
  const isServer = node.service === 'rke2-server';
  if (facts === undefined || facts.rke2.binaries.length === 0)
    throw new Error(`${node.key}: nothing installed`);
  const { externalDatastore } = world.cluster;
  const hasData = externalDatastore ? isDatastoreFilled(world) : facts.rke2.etcdData;
  if (join === null && isServer && canFound(node.roles, world.cluster) && !hasData) {
    if (world.state.bootstrapNodeId !== node.id) throw new Error(`${node.key} would found a second cluster`);
  }
  if (join !== null && !isActive(world.hosts[join.key], 'server'))
    throw new Error(`${join.key} is not there to join`);
  if (!isServer && !Object.values(world.hosts).some((host) => isActive(host, 'server'))) {
    throw new Error(`${node.key}: no server`);
  }
  const unit = { exists: true, active: 'active', enabled: true, path: null };
  const id = nodeId(world.state.clusterId, facts.machineId);
  const record = world.state.nodes[id];
  if (record === undefined) throw new Error(`${node.key} was never claimed`);
  const state = {
    ...world.state,
    caHash: CA_HASH,
    nodes: { ...world.state.nodes, [id]: { ...record, phase: 'joined' as const } },
  };
  return withFacts({ ...world, state }, node.key, (before) => ({
    ...before,
    rke2: {
      ...before.rke2,
      caHash: CA_HASH,
      etcdData: node.roles.includes('etcd'),
      [isServer ? 'server' : 'agent']: unit,
    },
  }));
}

/** The first server that ever came up has put the cluster's CA there. */
function isDatastoreFilled({ hosts }: World): boolean {
  return Object.values(hosts).some((facts) => facts.rke2.caHash !== null);
}

function writtenFiles(world: World, step: StepOf<'write-files'>): HostFacts['rke2']['files'] {
  const key = step.node?.key ?? '';
  const input = planInput(world);
  const spec = world.cluster.nodes.find((node) => node.key === key);
  const facts = factsOf(input.observed, key);
  if (spec === undefined || facts === null) return {};
  const rendered = new Map(desiredNode(input, spec, facts).files.map((file) => [file.path, file]));
  return Object.fromEntries(
    step.files.map(({ path, mode, sha256: planned }) => {
      const content = rendered.get(path)?.content;
      if (content === undefined || content === null) throw new Error(`${path} of ${key} is not known yet`);
      if (planned !== null && planned !== sha256(content))
        throw new Error(`${path} of ${key} is not as planned`);
      return [path, { sha256: sha256(content), mode }];
    }),
  );
}

function openFirewall(firewall: FirewallFacts, add: FirewallRecord, remove: FirewallRecord): FirewallFacts {
  if (firewall.provider === 'none') return firewall;
  const change = (items: readonly string[], more: readonly string[], less: readonly string[]) =>
    [...new Set([...items, ...more])].filter((item) => !less.includes(item));
  const zone = firewall.zones[add.zone];
  const trusted = firewall.zones['trusted'];
  if (zone === undefined || trusted === undefined) throw new Error('no such zone');
  const names = [...Object.keys(firewall.ipsets), ...Object.keys(add.ipsets)];
  const ipsets = names.map((name) => [
    name,
    change(firewall.ipsets[name] ?? [], add.ipsets[name] ?? [], remove.ipsets[name] ?? []),
  ]);
  return {
    ...firewall,
    ipsets: Object.fromEntries(ipsets),
    zones: {
      ...firewall.zones,
      [add.zone]: {
        ...zone,
        ports: change(zone.ports, add.ports, remove.ports),
        richRules: change(zone.richRules, add.richRules, remove.richRules),
      },
      trusted: { ...trusted, sources: change(trusted.sources, add.trustedSources, remove.trustedSources) },
    },
  };
}

function apiNodes(world: World, facts: HostFacts): readonly ApiNode[] | null {
  if (!isActive(facts, 'server')) return null;
  return world.cluster.nodes.flatMap((node): ApiNode[] => {
    const host = world.hosts[node.key];
    if (host === undefined || !(isActive(host, 'server') || isActive(host, 'agent'))) return [];
    return [
      {
        name: node.name ?? host.hostname,
        ready: true,
        reason: '',
        roles: [],
        version: 'v1.35.7+rke2r1',
        internalAddresses: [node.address],
        labels: {},
        taints: [],
        unschedulable: false,
        drainedByUs: false,
        etcdVoter: null,
      },
    ];
  });
}

function isActive(facts: HostFacts | undefined, unit: 'server' | 'agent'): boolean {
  return facts?.rke2[unit].active === 'active';
}

/** The world with one host's facts changed. */
export function withFacts(world: World, key: NodeKey, change: (facts: HostFacts) => HostFacts): World {
  const facts = world.hosts[key];
  if (facts === undefined) throw new Error(`no host ${key}`);
  return { ...world, hosts: { ...world.hosts, [key]: change(facts) } };
}
