import { LeftoverError } from '../domain/errors.ts';
import { cleanHost } from '../host/cleanup.ts';
import type { StepHandler } from './step-handler.ts';

/**
 * Takes RKE2 and everything of ours off a host, then looks: whatever still stands there is named. Forgets the node in
 * the state once the host is clean.
 */
export const uninstall: StepHandler<'uninstall'> = {
  title: () => 'uninstall RKE2',
  run: async ({ node, marker }, context) => {
    if (node === null) throw new Error('uninstall needs a node');
    const host = context.host(node.key);
    const leftovers = await cleanHost(host, {
      marker,
      dataDir: marker?.dataDir ?? context.cluster.dataDir,
      signal: context.signal,
      onWords: (words) => context.progress(words),
    });
    if (leftovers.length > 0) throw new LeftoverError(node.name, leftovers);
    await context.learn((state) => {
      const { [node.id]: _gone, ...nodes } = state.nodes;
      return { ...state, nodes };
    });
    return 'done';
  },
};
