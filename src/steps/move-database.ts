import type { Service } from '../domain/role.ts';
import { endContainers } from '../host/end-containers.ts';
import type { Host } from '../host/host.ts';
import { moveDatabase as moveAside, wasMoved } from '../host/reset-etcd.ts';
import { activeState, stopService } from '../host/systemd.ts';
import { unitName } from '../rke2/paths.ts';
import type { StepContext, StepHandler } from './step-handler.ts';

/** Moves a stopped server's etcd database aside, once under one mark: what it finds there later belongs to the new cluster. */
export const moveDatabase: StepHandler<'move-database'> = {
  title: () => 'move the etcd database aside',
  run: async ({ node, mark }, context) => {
    if (node === null) throw new Error('move-database needs a node');
    const host = context.host(node.key);
    const options = { dataDir: context.cluster.dataDir, mark, signal: context.signal };
    // A host that has booted since has started its service with the old database.
    if (!(await wasMoved(host, options))) await stopAll(host, node.service, context);
    const moved = await moveAside(host, options);
    const record = context.state().nodes[node.id];
    if (record?.leftBehind !== undefined) {
      await context.learn((state) => {
        const { leftBehind: _taken, ...rest } = state.nodes[node.id] ?? record;
        return { ...state, nodes: { ...state.nodes, [node.id]: rest } };
      });
    }
    return moved ? 'done' : 'unchanged';
  },
};

async function stopAll(host: Host, service: Service, { signal }: StepContext): Promise<void> {
  if ((await activeState(host, unitName(service), { signal })) === 'inactive') return;
  await stopService(host, service, { signal });
  await endContainers(host, service, { signal });
}
