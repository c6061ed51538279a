import type { Cluster, NodeKey } from '../domain/cluster.ts';
import type { PlannedNode, PortProbe } from '../domain/plan.ts';
import { inboundRules, isPortSource, isPortTarget, portOptions } from '../rke2/ports.ts';

/** More pairs than this are not tried: the matrix is a spot check of the network, not its census. */
const MOST_PAIRS = 2_000;

/**
 * Every port that one of `joining` needs of another node, or another of it. ICMP and NodePort ranges are left out, as no
 * listener can stand for them. Of large clusters each joining worker is tried against the servers only.
 */
export function portProbes(
  cluster: Cluster,
  nodes: readonly PlannedNode[],
  joining: ReadonlySet<NodeKey>,
): readonly PortProbe[] {
  if (joining.size === 0) return [];
  const rules = inboundRules(cluster.network, portOptions(cluster)).filter(
    (rule) => rule.protocol !== 'icmp' && rule.from !== 'anybody',
  );
  const servers = nodes.filter((node) => node.service === 'rke2-server');
  const probes = (targets: readonly PlannedNode[]) =>
    nodes.flatMap((from) =>
      targets.flatMap((to) =>
        from.key === to.key || !(joining.has(from.key) || joining.has(to.key))
          ? []
          : rules
              .filter((rule) => isPortSource(rule.from, from.roles) && isPortTarget(rule.to, to.roles))
              .map((rule) => ({
                from: from.key,
                to: to.key,
                address: to.address,
                port: Number(rule.port),
                protocol: rule.protocol as 'tcp' | 'udp',
                purpose: rule.purpose,
              })),
      ),
    );
  const every = nodes.length * nodes.length * rules.length <= MOST_PAIRS ? probes(nodes) : probes(servers);
  return every.slice(0, MOST_PAIRS);
}
