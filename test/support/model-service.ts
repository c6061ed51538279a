import type { NodeKey } from '../../src/domain/cluster.ts';
import type { HostFacts } from '../../src/domain/observed.ts';
import type { StepOf } from '../../src/domain/plan.ts';
import { sha256 } from '../../src/lib/hash.ts';
import type { DesiredInput } from '../../src/render/desired-node.ts';
import {
  compareVersions,
  countMinorsBetween,
  parseVersion,
  type Rke2Version,
} from '../../src/rke2/version.ts';
import {
  addressOf,
  CA_HASH,
  type ConfigFacts,
  HarmError,
  hasQuorum,
  hostOf,
  isMemberOf,
  isOff,
  livingMembers,
  livingPlanes,
  livingServers,
  machineOf,
  ROLE_LABEL,
  readConfig,
  runningConfig,
  runs,
  type StoredNode,
  withMachine,
  withStore,
} from './model-cluster.ts';
import { type World, withFacts } from './model-hosts.ts';
import { learnStart, withRecord } from './model-records.ts';

/**
 * `systemctl start` or `restart` of the step's service: what it has on its disk decides what it becomes. With `learned`
 * false the run is cut off before it saw the service READY: a member that joins is a learner still.
 */
export function applyStart(
  world: World,
  step: StepOf<'start-service'>,
  input: DesiredInput,
  learned = true,
): World {
  const { node, restart } = step;
  if (node === null) return world;
  const facts = factsAt(world, node.key);
  const id = facts.machineId;
  for (const need of step.needs) {
    const other = need.startsWith('start-service ') ? need.slice('start-service '.length) : null;
    const units = other === null ? null : world.hosts[other]?.rke2;
    if (units && units.server.active !== 'active' && units.agent.active !== 'active')
      throw new Error(`${node.key} waits for ${other}, which never gets READY`);
  }
  const { config: text } = machineOf(world, id);
  if (text === '') throw new Error(`${node.key}: no config.yaml`);
  const config = readConfig(text);
  if (config.service !== node.service)
    throw new Error(`${node.key}: config.yaml is not that of ${node.service}`);
  const other = config.service === 'rke2-server' ? 'rke2-agent' : 'rke2-server';
  if (runs(facts, other)) throw new Error(`${node.key}: ${other} runs still, systemd refuses to start both`);
  const isUp = runs(facts, config.service);
  const begun =
    isUp && !restart
      ? finishJoin(enable(world, node.key, config.service), id, learned)
      : begin(world, step, { facts, config, isUp, learned });
  const settled = settle(begun);
  return learned ? learnStart(settled, step, input) : settled;
}

function enable(world: World, key: NodeKey, service: ConfigFacts['service']): World {
  const name = service === 'rke2-server' ? 'server' : 'agent';
  return withFacts(world, key, (facts) => ({
    ...facts,
    rke2: { ...facts.rke2, [name]: { ...facts.rke2[name], enabled: true } },
  }));
}

interface Beginning {
  readonly facts: HostFacts;
  readonly config: ConfigFacts;
  readonly isUp: boolean;
  readonly learned: boolean;
}

function begin(world: World, step: StepOf<'start-service'>, beginning: Beginning): World {
  const { facts, config, isUp, learned } = beginning;
  const key = step.node?.key ?? '';
  const id = facts.machineId;
  const version = facts.rke2.binaries[0]?.version;
  if (version === undefined) throw new Error(`${key}: nothing installed`);
  checkVersions(world, key, config, version);
  if (isUp) checkAway(world, key, id);
  const join = step.join?.address ?? config.server;
  const next = config.service === 'rke2-agent' ? world : startServer(world, key, config, join, learned);
  if (config.service === 'rke2-agent') checkAgent(world, key, join, isUp || facts.rke2.caHash !== null);
  const running = { version, config: machineOf(next, id).config };
  const unit = { exists: true, active: 'active', enabled: true, path: null };
  const started = withFacts(next, key, (before) => ({
    ...before,
    rke2: {
      ...before.rke2,
      caHash: CA_HASH,
      etcdData: config.roles.includes('etcd'),
      [config.service === 'rke2-server' ? 'server' : 'agent']: unit,
    },
  }));
  return withStore(withMachine(started, id, { running, registers: true }), { founded: true });
}

/** While it restarts its member is away. */
function checkAway(world: World, key: NodeKey, id: string): void {
  const { members } = world.store;
  const isVoter = members.some(({ machineId, isLearner }) => machineId === id && !isLearner);
  if (isVoter && members.length >= 3 && hasQuorum(world) && !hasQuorum(world, id))
    throw new HarmError(`${key}: its restart takes etcd's majority away`);
}

function startServer(
  world: World,
  key: NodeKey,
  config: ConfigFacts,
  join: string | null,
  learned: boolean,
): World {
  const facts = factsAt(world, key);
  const mine = world.store.members.find(({ machineId }) => machineId === facts.machineId);
  if (config.roles.includes('etcd')) {
    if (mine !== undefined && facts.rke2.etcdData && mine.address !== addressOf(facts))
      throw new Error(`${key}: this server is not a member of the etcd cluster, found ${mine.address}`);
    if (mine !== undefined && facts.rke2.etcdData) return finishJoin(world, facts.machineId, learned);
    if (mine !== undefined) throw new Error(`${key}: its database is gone and etcd still counts on it`);
    return world.store.founded ? joinEtcd(world, key, config, join, learned) : found(world, key, config);
  }
  if (world.cluster.externalDatastore) {
    const isFirst = !world.store.founded && join === null;
    if (isFirst && world.state.bootstrapNodeId !== idOf(world, key))
      throw new HarmError(`${key} would found a second cluster`);
    if (!isFirst && facts.rke2.caHash === null) checkJoin(world, key, join);
    return world;
  }
  if (config.server === null && join === null)
    throw new Error(`${key}: --server is required with --disable-etcd`);
  if (mine !== undefined) return dropMember(world, key, facts.machineId);
  if (facts.rke2.caHash === null) checkJoin(world, key, join);
  if (livingMembers(world).length === 0) throw new Error(`${key}: no etcd to use`);
  return world;
}

function found(world: World, key: NodeKey, config: ConfigFacts): World {
  const { bootstrapNodeId } = world.state;
  if (bootstrapNodeId !== idOf(world, key)) throw new HarmError(`${key} would found a second cluster`);
  if (config.server !== null) throw new Error(`${key} is to join ${config.server}, which is not there`);
  return addMember(world, key, config.name, false);
}

function joinEtcd(
  world: World,
  key: NodeKey,
  config: ConfigFacts,
  join: string | null,
  learned: boolean,
): World {
  if (join === null)
    throw new HarmError(`${key}: tombstone found or nobody to join: it would found a second cluster`);
  checkJoin(world, key, join);
  const { members } = world.store;
  if (members.some(({ isLearner }) => isLearner)) throw new Error(`${key}: another learner is in motion`);
  if (members.some((member) => isMemberOf(member, config.name)))
    throw new Error(`${key}: duplicate node name ${config.name} in etcd`);
  return addMember(world, key, config.name, !learned);
}

function addMember(world: World, key: NodeKey, name: string, isLearner: boolean): World {
  const facts = factsAt(world, key);
  const { machineId } = facts;
  const address = addressOf(facts);
  const id = sha256(`${machineId}/${world.store.members.map((member) => member.name).join()}`).slice(0, 8);
  return withStore(world, {
    members: [...world.store.members, { name: `${name}-${id}`, machineId, address, isLearner }],
  });
}

/** A server that registers anew needs another that answers, with etcd behind it. */
function checkJoin(world: World, key: NodeKey, join: string | null): void {
  const target = join === null ? undefined : livingServers(world).get(join);
  const all = world.cluster.endpoint?.host === join ? [...livingServers(world).values()] : [];
  const found = [target, ...all].find((each) => each !== undefined && each !== key);
  if (found === undefined) throw new Error(`${key}: ${join} is not there to join`);
  const isMember = livingMembers(world).some(
    ({ machineId }) => machineId === factsAt(world, found).machineId,
  );
  if (!world.cluster.externalDatastore && !isMember && all.length === 0)
    throw new Error(`${key}: ${found} has no etcd to join`);
  if (!hasQuorum(world)) throw new Error(`${key}: etcd has no majority that could take it in`);
}

/** RKE2 takes its member out itself when its config says `disable-etcd` all at once. */
function dropMember(world: World, key: NodeKey, machineId: string): World {
  const members = world.store.members.filter((member) => member.machineId !== machineId);
  const next = withStore(world, { members });
  if (members.length === 0 || !hasQuorum(next))
    throw new HarmError(`${key}: without its etcd no majority is left`);
  return next;
}

function finishJoin(world: World, machineId: string, learned: boolean): World {
  if (!learned) return world;
  const members = world.store.members.map((member) =>
    member.machineId === machineId ? { ...member, isLearner: false } : member,
  );
  return withStore(world, { members });
}

/** Those that wait for a majority get READY once there is one; kubelets register as soon as an API server answers. */
export function settle(world: World): World {
  const majority = hasQuorum(world);
  let next = world;
  for (const [key, facts] of Object.entries(world.hosts)) {
    const { active } = facts.rke2.server;
    if ((active !== 'active' && active !== 'activating') || isOff(world, key)) continue;
    const wanted = majority ? 'active' : 'activating';
    if (active === wanted) continue;
    next = withFacts(next, key, (before) => ({
      ...before,
      rke2: { ...before.rke2, server: { ...before.rke2.server, active: wanted } },
    }));
  }
  if (livingPlanes(next).length === 0) return next;
  return Object.entries(next.machines).reduce(
    (all, [id, { registers }]) => (registers && runningConfig(all, id) !== null ? register(all, id) : all),
    next,
  );
}

function register(world: World, machineId: string): World {
  const config = runningConfig(world, machineId);
  const host = hostOf(world, machineId);
  if (config === null || host === null) return world;
  const machine = machineOf(world, machineId);
  const password = machine.password ?? `${machineId}/${world.store.snapshots.length}`;
  const before = world.store.nodes.find(({ name }) => name === config.name);
  if (before !== undefined && before.password !== password)
    throw new Error(`${host[0]}: Node password rejected, ${config.name} is another machine's`);
  const roleLabels = Object.fromEntries(
    config.roles.map((role) => [`${ROLE_LABEL}${role === 'etcd' ? 'etcd' : 'control-plane'}`, 'true']),
  );
  const node: StoredNode = {
    name: config.name,
    password,
    // What is added to the file of labels is patched, what is gone from it is not; taints count at the first time only.
    labels: { ...before?.labels, ...config.labels, ...roleLabels },
    taints: before?.taints ?? config.taints,
    unschedulable: before?.unschedulable ?? false,
    drainedByUs: before?.drainedByUs ?? false,
    version: machine.running?.version ?? '',
    address: addressOf(host[1]),
  };
  const nodes = [...world.store.nodes.filter(({ name }) => name !== config.name), node];
  return withStore(withMachine(world, machineId, { password, registers: false }), { nodes });
}

function checkAgent(world: World, key: NodeKey, join: string | null, knowsServers: boolean): void {
  if (livingPlanes(world).length === 0) throw new Error(`${key}: no API server to get READY with`);
  const isEndpoint = world.cluster.endpoint?.host === join;
  if (!knowsServers && !isEndpoint && (join === null || !livingServers(world).has(join)))
    throw new Error(`${key}: ${join} is not there to join`);
}

/** Kubernetes' rules: no minor is skipped, nothing goes back, no kubelet of a worker is newer than an API server. */
function checkVersions(world: World, key: NodeKey, config: ConfigFacts, text: string): void {
  const version = versionOf(text);
  const before = machineOf(world, factsAt(world, key).machineId).running?.version;
  if (before !== undefined && compareVersions(version, versionOf(before)) < 0)
    throw new HarmError(`${key}: ${before} would go back to ${text}`);
  const servers = Object.values(world.hosts).flatMap(({ machineId }) => {
    const other = runningConfig(world, machineId);
    const running = machineOf(world, machineId).running?.version;
    return other?.service === 'rke2-server' && running !== undefined ? [{ other, running }] : [];
  });
  for (const { other, running } of servers) {
    const minors = countMinorsBetween(versionOf(running), version) ?? 99;
    if (config.service === 'rke2-server' && Math.abs(minors) > 1)
      throw new HarmError(`${key}: ${text} beside ${running} skips a minor`);
    if (config.service === 'rke2-agent' && other.roles.includes('controlplane')) {
      if (compareVersions(version, versionOf(running)) > 0)
        throw new HarmError(`${key}: the agent's ${text} is newer than a server's ${running}`);
    }
  }
}

function versionOf(text: string): Rke2Version {
  const version = parseVersion(text);
  if (version === null) throw new Error(`${text} is no version`);
  return version;
}

function factsAt(world: World, key: NodeKey): HostFacts {
  const facts = world.hosts[key];
  if (facts === undefined || isOff(world, key)) throw new Error(`${key} is off`);
  return facts;
}

function idOf(world: World, key: NodeKey): string | null {
  const { machineId } = factsAt(world, key);
  return Object.values(world.state.nodes).find((record) => record.machineId === machineId)?.nodeId ?? null;
}

/** `systemctl stop`, and the end of its containers. */
export function applyStop(world: World, { node }: StepOf<'stop-service'>): World {
  const unit = node?.service === 'rke2-server' ? 'server' : 'agent';
  return withFacts(world, node?.key ?? '', (facts) => ({
    ...facts,
    rke2: { ...facts.rke2, [unit]: { ...facts.rke2[unit], active: 'inactive' } },
  }));
}

/** `rke2 server --cluster-reset`: its etcd has one member, which is reached where the host is now. */
export function applyReset(world: World, step: StepOf<'reset-etcd'>, learned = true): World {
  const facts = factsAt(world, step.node?.key ?? '');
  const { machineId } = facts;
  if (runs(facts, 'rke2-server')) throw new HarmError(`${step.id}: its service runs`);
  if (readConfig(machineOf(world, machineId).config).server !== null)
    throw new Error(`${step.id}: cannot perform cluster-reset while server URL is set`);
  const [mine, ...others] = world.store.members.filter((member) => member.machineId === machineId);
  if (mine === undefined || others.length > 0 || world.store.members.length > 1)
    throw new HarmError(`${step.id}: others would lose their member`);
  const next = withStore(world, { members: [{ ...mine, address: addressOf(facts) }] });
  return learned ? withRecord(next, step.node?.id ?? '', { moving: undefined }) : next;
}
