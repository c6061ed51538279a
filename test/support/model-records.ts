import type { ClusterNode } from '../../src/domain/cluster.ts';
import type { HostFacts } from '../../src/domain/observed.ts';
import type { StepOf } from '../../src/domain/plan.ts';
import type { NodeRecord, State } from '../../src/domain/state.ts';
import { remember } from '../../src/lib/remember.ts';
import { type DesiredInput, desiredNode, factsOf } from '../../src/render/desired-node.ts';
import { marksOf } from '../../src/render/own-marks.ts';
import type { RenderedFile } from '../../src/render/rendered-file.ts';
import { startStamp } from '../../src/render/start-stamp.ts';
import { CA_HASH } from './model-cluster.ts';
import type { World } from './model-hosts.ts';

/** What a node's files must be, from what the plan saw and the state as it is now. */
export function filesOf(world: World, key: string, input: DesiredInput): readonly RenderedFile[] {
  const spec = input.cluster.nodes.find((node) => node.key === key);
  const facts = factsOf(input.observed, key);
  if (spec === undefined || facts === null) return [];
  return renderedFiles(input, world.state, spec, facts);
}

const renderedFiles = remember(
  (input: DesiredInput, state: State, spec: ClusterNode, facts: HostFacts) =>
    desiredNode({ ...input, state }, spec, facts).files,
);

/** The record of one node changed; nothing where there is none. */
export function withRecord(world: World, id: string, change: Partial<NodeRecord>): World {
  const record = world.state.nodes[id];
  if (record === undefined) return world;
  const nodes = { ...world.state.nodes, [id]: { ...record, ...change } };
  return { ...world, state: { ...world.state, nodes } };
}

export function withoutRecord(world: World, id: string): World {
  const { [id]: _gone, ...nodes } = world.state.nodes;
  return { ...world, state: { ...world.state, nodes } };
}

/** What `claim` learns. */
export function learnClaim(world: World, step: StepOf<'claim'>): World {
  const { node, marker } = step;
  if (node === null) return world;
  const spec = world.cluster.nodes.find((candidate) => candidate.key === node.key);
  const before = world.state.nodes[node.id];
  const record: NodeRecord = {
    ...(before?.startedWith === undefined ? {} : { startedWith: before.startedWith }),
    nodeId: node.id,
    name: node.name,
    machineId: marker.machineId,
    hostKey: null,
    address: spec?.address ?? '',
    port: spec?.port ?? 22,
    clusterAddress: node.address,
    roles: node.roles,
    version: marker.version,
    phase: before?.phase ?? 'staged',
    ...marksOf(spec, before),
    ...(before?.stranded === undefined ? {} : { stranded: before.stranded }),
    ...(step.move === undefined ? { moving: before?.moving } : { moving: step.move.mark }),
  };
  const cutOff = Object.entries(world.state.nodes).map(([id, each]): [string, NodeRecord] => [
    id,
    step.move?.stranded.includes(id) === true ? { ...each, stranded: true } : each,
  ]);
  const state = {
    ...world.state,
    bootstrapNodeId: step.bootstrap ? node.id : world.state.bootstrapNodeId,
    nodes: { ...Object.fromEntries(cutOff), [node.id]: record },
  };
  return { ...world, state };
}

/** What `start-service` learns once the service is READY. */
export function learnStart(world: World, step: StepOf<'start-service'>, input: DesiredInput): World {
  const { node } = step;
  if (node === null) return world;
  const id = node.id;
  const record = world.state.nodes[id];
  if (record === undefined) throw new Error(`${node.key} was never claimed`);
  const spec = world.cluster.nodes.find((candidate) => candidate.key === node.key);
  const known = { ...world, state: { ...world.state, caHash: CA_HASH } };
  const startedWith = startStamp(input.version, filesOf(known, node.key, input));
  const settled = { moving: undefined, stranded: undefined };
  return withRecord(known, id, { ...marksOf(spec, record), ...settled, phase: 'joined', startedWith });
}
