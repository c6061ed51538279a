import { applyFirewall } from '../host/firewall.ts';
import type { StepHandler } from './step-handler.ts';

/**
 * Adds what firewalld must let in and takes away what it must no longer. One permanent change and one reload while RKE2
 * is down; while it runs, the same change permanently and at runtime, as a reload would wipe the CNI's rules.
 */
export const openFirewall: StepHandler<'open-firewall'> = {
  title: ({ add }) => {
    const count = add.ports.length + add.richRules.length;
    return count === 0 ? 'adapt the firewall' : `open ${count} ports in firewalld`;
  },
  run: async ({ node, add, remove, reload }, context) => {
    if (node === null) throw new Error('open-firewall needs a node');
    await applyFirewall(context.host(node.key), { add, remove, reload }, { signal: context.signal });
    return 'done';
  },
};
