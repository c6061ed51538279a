import type { Cluster } from '../../domain/cluster.ts';
import { remember } from '../../lib/remember.ts';
import { MINIMUM, serverSize } from '../../rke2/requirements.ts';
import { isServer } from '../../rke2/roles.ts';
import { hostCheck } from './check.ts';
import { sizeText } from './size-text.ts';

const GIB = 1024 ** 3;

/** Counted once: every host is asked about. */
const countAgents = remember(({ nodes }: Cluster) => nodes.filter(({ roles }) => !isServer(roles)).length);

/** Memory and CPUs as RKE2 asks of any node, and of servers by the number of agents. */
export const hostSize = hostCheck('host-size', 'warning', ({ node, facts }, { cluster }) => {
  const agents = countAgents(cluster);
  const wanted = isServer(node.roles) ? serverSize(agents) : MINIMUM;
  const short = [
    ...(facts.cpus < wanted.cpus
      ? [`${facts.cpus} CPU${facts.cpus === 1 ? '' : 's'} of ${wanted.cpus}`]
      : []),
    ...(facts.memoryBytes < wanted.memoryBytes
      ? [`${sizeText(facts.memoryBytes)} memory of ${Math.ceil(wanted.memoryBytes / GIB)} GiB`]
      : []),
  ];
  if (short.length === 0) return null;
  const whom = isServer(node.roles) ? `a server for ${agents} agent${agents === 1 ? '' : 's'}` : 'a node';
  return {
    message: `The host has ${short.join(' and ')} that RKE2 asks of ${whom}.`,
    hint: 'It starts all the same and is short of breath under load. Give it more before pods move in.',
  };
});
