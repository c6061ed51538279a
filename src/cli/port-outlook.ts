import type { Cluster } from '../domain/cluster.ts';
import type { HostFacts } from '../domain/observed.ts';
import type { PortProbe } from '../domain/plan.ts';

/** What is to be expected of a port before anything listens there, from the target's firewall and the file. */
export function describeOutlook(cluster: Cluster, probe: PortProbe, target: HostFacts | null): string {
  if (target === null) return 'unknown: the host could not be asked';
  if (
    target.listening.some((listener) => listener.port === probe.port && listener.protocol === probe.protocol)
  ) {
    return 'in use already';
  }
  if (target.firewall.provider === 'none') return 'no firewalld in the way; `up` tries them';
  const { manage, provider } = cluster.firewall;
  return manage === 'open' && provider !== 'none'
    ? 'closed by firewalld now, `up` opens them'
    : 'closed by firewalld, and the file tells rke2ctl to leave it so';
}
