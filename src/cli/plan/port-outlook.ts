import type { Cluster } from '../../domain/cluster.ts';
import type { FirewallFacts, HostFacts } from '../../domain/observed.ts';
import type { PortProbe } from '../../domain/plan.ts';

/** What is to be expected of a port before anybody tries it: from the target's firewall, its listeners and the file. */
export function describeOutlook(
  cluster: Cluster,
  probe: PortProbe,
  fromAddress: string,
  target: HostFacts | null,
): string {
  if (target === null) return 'unknown: the host could not be asked';
  if (target.firewall.provider === 'none') return 'no firewalld in the way, `up` tries them';
  if (letsIn(target.firewall, cluster.firewall.zone, probe, fromAddress)) return 'open in firewalld';
  const { manage, provider } = cluster.firewall;
  return manage === 'open' && provider !== 'none'
    ? 'closed by firewalld now, `up` opens them'
    : 'closed by firewalld, and the file tells rke2ctl to leave it so';
}

/** Whether firewalld's permanent rules let `fromAddress` in, as far as rke2ctl's own kinds of rules say. */
function letsIn(
  firewall: Extract<FirewallFacts, { provider: 'firewalld' }>,
  zoneName: string | null,
  { port, protocol }: PortProbe,
  fromAddress: string,
): boolean {
  const zone = firewall.zones[zoneName ?? firewall.defaultZone];
  if (zone === undefined) return false;
  if (zone.target === 'ACCEPT' || zone.ports.includes(`${port}/${protocol}`)) return true;
  return zone.richRules.some((rule) => {
    const ipset = /source ipset="([^"]+)"/.exec(rule)?.[1];
    const isMember = ipset !== undefined && firewall.ipsets[ipset]?.includes(fromAddress) === true;
    return isMember && rule.includes(`port port="${port}" protocol="${protocol}" accept`);
  });
}
