import { MARKER_PATH } from '../domain/marker.ts';
import type { NodeRecord } from '../domain/state.ts';
import { writeFiles } from '../host/files.ts';
import type { StepHandler } from './step-handler.ts';

/**
 * Makes a host ours: a record in the state first (and with it, for good, who bootstraps), then the marker on the host.
 * Cut off between the two, the next run sees a recorded host without a marker and claims it again.
 */
export const claim: StepHandler<'claim'> = {
  title: () => 'mark the host as ours',
  run: async ({ node, marker, bootstrap }, context) => {
    if (node === null) throw new Error('claim needs a node');
    const spec = context.cluster.nodes.find((candidate) => candidate.key === node.key);
    const host = context.host(node.key);
    await context.learn((state) => {
      const before = state.nodes[node.id];
      const record: NodeRecord = {
        nodeId: node.id,
        name: node.name,
        machineId: marker.machineId,
        hostKey: host.hostKey,
        address: spec?.address ?? node.address,
        port: spec?.port ?? 22,
        clusterAddress: node.address,
        ...(node.otherAddress === undefined ? {} : { otherAddress: node.otherAddress }),
        roles: node.roles,
        version: marker.version,
        phase: before?.phase ?? 'staged',
      };
      return {
        ...state,
        bootstrapNodeId: bootstrap ? node.id : state.bootstrapNodeId,
        nodes: { ...state.nodes, [node.id]: record },
      };
    });
    const content = `${JSON.stringify(marker, null, 2)}\n`;
    await writeFiles(host, [{ path: MARKER_PATH, content, mode: '0600' }], { signal: context.signal });
    return 'done';
  },
};
