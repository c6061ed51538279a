import { moveDatabase as moveAside } from '../host/reset-etcd.ts';
import type { StepHandler } from './step-handler.ts';

/** Moves a stopped server's etcd database aside, once under one mark: what it finds there later belongs to the new cluster. */
export const moveDatabase: StepHandler<'move-database'> = {
  title: () => 'move the etcd database aside',
  run: async ({ node, mark }, context) => {
    if (node === null) throw new Error('move-database needs a node');
    const moved = await moveAside(context.host(node.key), {
      dataDir: context.cluster.dataDir,
      mark,
      signal: context.signal,
    });
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
