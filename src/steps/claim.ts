import type { ClusterNode } from '../domain/cluster.ts';
import { MARKER_PATH, type Marker } from '../domain/marker.ts';
import type { PlannedNode } from '../domain/plan.ts';
import type { NodeAccess, NodeRecord, State } from '../domain/state.ts';
import { writeFiles } from '../host/files.ts';
import { readOwnFiles } from '../host/read-own-files.ts';
import { foundHashes } from '../render/adopted-files.ts';
import { marksOf } from '../render/own-marks.ts';
import { writtenHashes } from '../render/written-hashes.ts';
import type { StepHandler } from './step-handler.ts';

/**
 * Makes a host ours: a record in the state first (and with it, for good, who bootstraps), then the marker on the host.
 * Cut off between the two, the next run sees a recorded host without a marker and claims it again. What the marker there
 * says of the contents of our files stays in it.
 */
export const claim: StepHandler<'claim'> = {
  title: () => 'mark the host as ours',
  run: async ({ node, marker, bootstrap, move }, context) => {
    if (node === null) throw new Error('claim needs a node');
    const host = context.host(node.key);
    const spec = context.cluster.nodes.find((candidate) => candidate.key === node.key);
    await context.learn((state) => {
      const record = recordOf(node, marker, state.nodes[node.id], spec);
      const moving = move === undefined ? {} : { moving: move.mark };
      const others = markStranded(state.nodes, move?.stranded ?? []);
      return {
        ...state,
        bootstrapNodeId: bootstrap ? node.id : state.bootstrapNodeId,
        nodes: { ...others, [node.id]: { ...record, hostKey: host.hostKey, ...moving } },
      };
    });
    const files = context.files(node.key);
    const own = await readOwnFiles(
      host,
      files.map(({ path }) => path),
      { signal: context.signal },
    );
    const { adopted } = context.state().nodes[node.id] ?? {};
    const before = { ...foundHashes(adopted), ...marker.written, ...own.marker?.written };
    const written = writtenHashes(before, marker.files, files, own.present);
    const { written: _planned, ...rest } = marker;
    const whole: Marker = written === undefined ? rest : { ...rest, written };
    const content = `${JSON.stringify(whole, null, 2)}\n`;
    await writeFiles(host, [{ path: MARKER_PATH, content, mode: '0600' }], { signal: context.signal });
    return 'done';
  },
};

/** Nodes that the move of this one cuts off, however long they are away themselves. */
function markStranded(nodes: State['nodes'], ids: readonly string[]): State['nodes'] {
  return Object.fromEntries(
    Object.entries(nodes).map(([id, record]) => [
      id,
      ids.includes(id) ? { ...record, stranded: true } : record,
    ]),
  );
}

/** The node's record; what it has done so far stays in it. */
function recordOf(
  node: PlannedNode,
  marker: Marker,
  before: NodeRecord | undefined,
  spec: ClusterNode | undefined,
): Omit<NodeRecord, 'hostKey'> {
  const { startedWith, adopted, leftBehind, moving, stranded } = before ?? {};
  const ssh = spec === undefined ? before?.ssh : accessOf(spec);
  return {
    nodeId: node.id,
    name: node.name,
    machineId: marker.machineId,
    address: spec?.address ?? node.address,
    port: spec?.port ?? 22,
    clusterAddress: node.address,
    ...(node.otherAddress === undefined ? {} : { otherAddress: node.otherAddress }),
    roles: node.roles,
    version: marker.version,
    phase: before?.phase ?? 'staged',
    ...(ssh === undefined ? {} : { ssh }),
    ...(leftBehind === undefined ? {} : { leftBehind }),
    ...(moving === undefined ? {} : { moving }),
    ...(stranded === undefined ? {} : { stranded }),
    ...(startedWith === undefined ? {} : { startedWith }),
    ...marksOf(spec, before),
    ...(adopted === undefined ? {} : { adopted }),
  };
}

/** How the host is reached; keys that stand in the file itself stay there. */
function accessOf({ user, auth, bastions }: ClusterNode): NodeAccess {
  return {
    user,
    keyPaths: auth.keyPaths,
    keyPathsAreDefaults: auth.keyPathsAreDefaults,
    certificatePath: auth.certificatePath,
    agent: auth.agent,
    bastions: bastions.map((bastion) => ({
      address: bastion.address,
      port: bastion.port,
      user: bastion.user,
    })),
  };
}
