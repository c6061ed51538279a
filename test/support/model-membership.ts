import type { NodeKey, Taint } from '../../src/domain/cluster.ts';
import type { PlannedNode, StepOf } from '../../src/domain/plan.ts';
import { complaint } from '../../src/steps/verify-nodes.ts';
import { makeRke2Facts } from './make-facts.ts';
import {
  apiNodes,
  HarmError,
  hasQuorum,
  isMemberOf,
  isOff,
  livingMembers,
  livingPlanes,
  machineIdOf,
  NO_MACHINE,
  type StoredNode,
  withMachine,
  withStore,
} from './model-cluster.ts';
import { closeFirewall } from './model-firewall.ts';
import { type World, withFacts } from './model-hosts.ts';
import { withoutRecord, withRecord } from './model-records.ts';

/** Which control plane of these kubectl runs on. Throws where none answers. */
function viaOf(world: World, step: { readonly id: string; readonly via: readonly NodeKey[] }): NodeKey {
  const planes = new Set(livingPlanes(world));
  const key = step.via.find(
    (each) => planes.has(world.hosts[each]?.machineId ?? '') && isReached(world, each),
  );
  if (key === undefined) throw new Error(`${step.id}: no API server of ${step.via.join(', ')} answers`);
  return key;
}

function isReached(world: World, key: NodeKey): boolean {
  return !isOff(world, key) && world.down?.includes(key) !== true;
}

/** The step's host, which must answer for what is done there, and its API server, if it takes one. */
export function requireHost(world: World, step: { readonly id: string }, key: NodeKey, api = false): void {
  const facts = world.hosts[key];
  if (facts === undefined || !isReached(world, key)) throw new Error(`${step.id}: the host does not answer`);
  if (api && apiNodes(world, facts) === null) throw new Error(`${step.id}: its API server does not answer`);
}

export function applySnapshot(world: World, step: StepOf<'save-snapshot'>): World {
  const key = step.node?.key ?? '';
  requireHost(world, step, key);
  const id = world.hosts[key]?.machineId;
  if (!livingMembers(world).some(({ machineId }) => machineId === id) || !hasQuorum(world))
    throw new Error(`${step.id}: no etcd there to save`);
  return withStore(world, { snapshots: [...world.store.snapshots, step.name] });
}

function withNode(world: World, name: string, change: Partial<StoredNode>): World {
  return withStore(world, {
    nodes: world.store.nodes.map((node) => (node.name === name ? { ...node, ...change } : node)),
  });
}

export function applyDrain(world: World, step: StepOf<'drain'>): World {
  viaOf(world, step);
  const node = world.store.nodes.find(({ name }) => name === step.node?.name);
  if (node === undefined || (node.unschedulable && !node.drainedByUs)) return world;
  return withNode(world, node.name, { unschedulable: true, drainedByUs: true });
}

export function applyUncordon(world: World, step: StepOf<'uncordon'>): World {
  viaOf(world, step);
  const node = world.store.nodes.find(({ name }) => name === step.node?.name);
  if (node === undefined) throw new Error(`${step.id}: no such Node`);
  return node.drainedByUs ? withNode(world, node.name, { unschedulable: false, drainedByUs: false }) : world;
}

/** Deletes the Node; RKE2 then takes its member out. With `learned` false the run is cut off before it remembers that. */
export function applyLeave(world: World, step: StepOf<'leave-cluster'>, learned = true): World {
  const { node } = step;
  if (node === null) return world;
  const via = viaOf(world, step);
  const machineId = machineIdOf(world, node);
  // A lone control plane without etcd can delete its own Node; a member would lose the API with its etcd.
  const isMember = world.store.members.some((member) => member.machineId === machineId);
  if (isMember && via === node.key && world.hosts[via]?.machineId === machineId)
    throw new HarmError(`${step.id}: it would cut off the branch it sits on`);
  const left = removeMember(world, step, node);
  const gone = withStore(left, { nodes: left.store.nodes.filter(({ name }) => name !== node.name) });
  if (!learned) return gone;
  const { bootstrapNodeId } = gone.state;
  const forgotten = step.forget ? withoutRecord(gone, node.id) : gone;
  return {
    ...forgotten,
    state: { ...forgotten.state, bootstrapNodeId: bootstrapNodeId === node.id ? null : bootstrapNodeId },
  };
}

function removeMember(world: World, step: StepOf<'leave-cluster'>, node: PlannedNode): World {
  const { members } = world.store;
  const leaving = members.filter((member) => isMemberOf(member, node.name));
  if (leaving.length === 0) return world;
  const askable = step.members.filter((key) => {
    const id = world.hosts[key]?.machineId;
    return key !== node.key && livingMembers(world).some(({ machineId }) => machineId === id);
  });
  if (askable.length === 0) throw new Error(`${step.id}: no etcd server of those named stays`);
  const staying = members.filter((member) => !leaving.includes(member));
  if (staying.length === 0) throw new HarmError(`${step.id}: it is the last member`);
  const next = withStore(world, { members: staying });
  if (!hasQuorum(next)) throw new HarmError(`${step.id}: without it no majority lives`);
  return next;
}

/** The host is as before RKE2 came. */
export function applyUninstall(world: World, step: StepOf<'uninstall'>, learned = true): World {
  const { node } = step;
  if (node === null) return world;
  requireHost(world, step, node.key);
  const facts = world.hosts[node.key];
  if (facts === undefined) return world;
  const { machineId } = facts;
  if (world.store.members.some((member) => member.machineId === machineId))
    throw new HarmError(`${step.id}: it is a member of etcd still`);
  const password = world.machines[machineId]?.password;
  if (world.store.nodes.some((each) => each.password === password))
    throw new HarmError(`${step.id}: its Node is still there`);
  const marker = facts.rke2.marker === 'unreadable' ? null : facts.rke2.marker;
  const clean = withFacts(world, node.key, (before) => ({
    ...before,
    firewall: closeFirewall(before.firewall, marker?.firewall ?? null),
    rke2: makeRke2Facts(),
  }));
  const wiped = withMachine(clean, machineId, NO_MACHINE);
  return learned ? withoutRecord(wiped, node.id) : wiped;
}

export function applyLabels(world: World, step: StepOf<'label-node'>, learned = true): World {
  viaOf(world, step);
  const { node, labels, taints } = step;
  const stored = world.store.nodes.find(({ name }) => name === node?.name);
  if (node === null || stored === undefined) throw new Error(`${step.id}: no such Node`);
  const isSame = (one: Taint) => (other: Taint) => one.key === other.key && one.effect === other.effect;
  const kept = Object.entries({ ...stored.labels, ...labels.set }).filter(
    ([key]) => !labels.remove.includes(key),
  );
  const untouched = stored.taints.filter((taint) => ![...taints.set, ...taints.remove].some(isSame(taint)));
  const next = withNode(world, node.name, {
    labels: Object.fromEntries(kept),
    taints: [...untouched, ...taints.set],
  });
  return learned ? learnLabels(next, step, node) : next;
}

function learnLabels(world: World, { labels, taints }: StepOf<'label-node'>, { id }: PlannedNode): World {
  const record = world.state.nodes[id];
  const keys = (list: readonly Taint[]) => list.map(({ key, effect }) => `${key}:${effect}`);
  const merge = (
    before: readonly string[] | undefined,
    more: readonly string[],
    less: readonly string[],
  ): readonly string[] => [...new Set([...(before ?? []), ...more])].filter((key) => !less.includes(key));
  return withRecord(world, id, {
    labels: merge(record?.labels, Object.keys(labels.set), labels.remove),
    taints: merge(record?.taints, keys(taints.set), keys(taints.remove)),
  });
}

/** Throws with what a real run would wait for in vain. */
export function checkVerify(world: World, step: StepOf<'verify-nodes'>, lost: ReadonlySet<NodeKey>): void {
  const key = step.node?.key ?? '';
  requireHost(world, step, key, true);
  const facts = world.hosts[key];
  const listed = (facts === undefined ? null : apiNodes(world, facts)) ?? [];
  const missing = step.nodes.filter((node) => !lost.has(node.key)).flatMap((node) => complaint(node, listed));
  if (missing.length > 0) throw new Error(`${step.id}: ${missing.join('; ')}`);
}

export function checkCharts(world: World, step: StepOf<'await-charts'>): void {
  viaOf(world, step);
}
