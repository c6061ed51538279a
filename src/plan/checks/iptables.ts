import { hostCheck } from './check.ts';
import { installCommand } from './install-command.ts';

/** The portmap plugin runs the host's own iptables for host ports, the ingress controller's first of all. */
export const iptables = hostCheck('iptables', 'warning', ({ facts }) => {
  if (facts.commands.includes('iptables')) return null;
  return {
    message:
      'The program iptables is not installed. Pods with host ports (the ingress controller is one) leak their addresses without it until the node has none left.',
    hint: `Run \`${installCommand(facts, 'iptables')}\`.`,
  };
});
