import { LeftoverError } from '../domain/errors.ts';
import { type CleanOptions, cleanHost, killRke2 } from '../host/cleanup.ts';
import { applyFirewall } from '../host/firewall.ts';
import type { StepHandler } from './step-handler.ts';

const NOTHING = { zone: '', ports: [], richRules: [], trustedSources: [], ipsets: {} };

/**
 * Takes RKE2 and everything of ours off a host, then looks: whatever still stands there is named. The marker, which says
 * what is ours, goes last. Forgets the node in the state once the host is clean.
 */
export const uninstall: StepHandler<'uninstall'> = {
  title: () => 'uninstall RKE2',
  run: async ({ node, marker }, context) => {
    if (node === null) throw new Error('uninstall needs a node');
    const host = context.host(node.key);
    const options: CleanOptions = {
      prefix: marker?.installed?.prefix ?? null,
      files: marker?.files ?? [],
      signal: context.signal,
      onWords: (words) => context.progress(words),
    };
    await killRke2(host, options);
    if (marker?.firewall) {
      const change = { add: NOTHING, remove: marker.firewall, reload: true };
      await applyFirewall(host, change, { signal: context.signal });
    }
    const leftovers = await cleanHost(host, options);
    if (leftovers.length > 0) throw new LeftoverError(node.name, leftovers);
    await context.learn((state) => {
      const { [node.id]: _gone, ...nodes } = state.nodes;
      return { ...state, nodes };
    });
    return 'done';
  },
};
