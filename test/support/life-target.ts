import { clusterAddress, nodeId, nodeName } from '../../src/domain/node-identity.ts';
import { apiNodes, machineOf, runningConfig } from './model-cluster.ts';
import type { World } from './model-hosts.ts';

/** What is otherwise in the world than the file says, in words; `own` are keys that we once set on some node. */
export function complaintsOf(world: World, own: ReadonlySet<string>): readonly string[] {
  const reached = world.cluster.nodes.filter(({ key }) => isReached(world, key));
  const silent = world.cluster.nodes.filter(({ key }) => !isReached(world, key));
  return [
    ...reached.flatMap(({ key }) => nodeComplaints(world, key, own).map((words) => `${key}: ${words}`)),
    ...surplus(world, new Set(silent.map(({ key }) => key))),
  ];
}

function isReached(world: World, key: string): boolean {
  return world.hosts[key] !== undefined && world.off?.includes(key) !== true;
}

function nodeComplaints(world: World, key: string, own: ReadonlySet<string>): readonly string[] {
  const spec = world.cluster.nodes.find((node) => node.key === key);
  const facts = world.hosts[key];
  if (spec === undefined || facts === undefined) return ['is not there'];
  const config = runningConfig(world, facts.machineId);
  const version = world.cluster.version ?? '';
  const name = nodeName(spec, facts);
  const node = listed(world).find((each) => each.name === name);
  const member = world.store.members.find(({ machineId }) => machineId === facts.machineId);
  if (config === null) return ['does not run'];
  if (node === undefined) return ['has no Node'];
  const roles = ['etcd', 'controlplane'].filter((role) => spec.roles.includes(role as 'etcd'));
  const runs = ['etcd', 'controlplane'].filter((role) => config.roles.includes(role as 'etcd'));
  const labelled = node.roles.map((role) => (role === 'control-plane' ? 'controlplane' : role));
  const isEtcd = spec.roles.includes('etcd');
  const workless =
    roles.length > 0 && !spec.roles.includes('worker') ? ['CriticalAddonsOnly=true:NoExecute'] : [];
  const taints = [
    ...workless,
    ...spec.taints.map(({ key: each, value, effect }) => `${each}=${value}:${effect}`),
  ];
  const present = node.taints.map(({ key: each, value, effect }) => `${each}=${value}:${effect}`);
  const labels = Object.entries(node.labels).filter(([each]) => own.has(each));
  return [
    ...differ('runs as', runs, roles),
    ...differ('is labelled as', [...labelled].sort(), [...roles].sort()),
    ...differ('has the version', [machineOf(world, facts.machineId).running?.version], [version]),
    ...differ('is Ready', [node.ready], [true]),
    ...differ('is cordoned', [node.unschedulable], [false]),
    ...differ('is a voter', [member !== undefined && !member.isLearner], [isEtcd]),
    ...differ('has the address', node.internalAddresses, [clusterAddress(spec, facts)]),
    ...differ('has the taints', [...present].sort(), [...taints].sort()),
    ...differ('has the labels', labels.map(String).sort(), Object.entries(spec.labels).map(String).sort()),
  ];
}

function listed(world: World) {
  return (
    Object.values(world.hosts)
      .map((facts) => apiNodes(world, facts))
      .find((list) => list !== null) ?? []
  );
}

/** Members, Nodes, records and hosts with RKE2 that the file does not name. */
function surplus(world: World, silent: ReadonlySet<string>): readonly string[] {
  const specs = world.cluster.nodes.flatMap((spec) => {
    const facts = world.hosts[spec.key];
    return facts === undefined ? [] : [{ name: nodeName(spec, facts), facts, spec }];
  });
  const names = new Set(specs.map(({ name }) => name));
  const ids = new Set(specs.map(({ facts }) => nodeId(world.state.clusterId, facts.machineId)));
  const machines = new Set(specs.map(({ facts }) => facts.machineId));
  const keys = new Set(specs.map(({ spec }) => spec.key));
  return [
    ...world.store.nodes.filter(({ name }) => !names.has(name)).map(({ name }) => `Node ${name} is left`),
    ...world.store.members
      .filter(({ machineId }) => !machines.has(machineId))
      .map(({ name }) => `member ${name} is left`),
    ...Object.values(world.state.nodes)
      .filter((record) => !ids.has(record.nodeId))
      .map(({ name }) => `the record of ${name} is left`),
    ...[...ids]
      .filter((id) => world.state.nodes[id] === undefined)
      .map(
        (id) =>
          `no record of ${specs.find(({ facts }) => nodeId(world.state.clusterId, facts.machineId) === id)?.name}`,
      ),
    ...Object.entries(world.hosts)
      .filter(
        ([key, { rke2 }]) =>
          !keys.has(key) && isReached(world, key) && !silent.has(key) && rke2.binaries.length > 0,
      )
      .map(([key]) => `${key} was not cleaned`),
  ];
}

function differ(what: string, is: readonly unknown[], wanted: readonly unknown[]): readonly string[] {
  return JSON.stringify(is) === JSON.stringify(wanted)
    ? []
    : [`${what} ${is.join(' ') || 'nothing'}, not ${wanted.join(' ') || 'nothing'}`];
}
