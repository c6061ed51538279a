import type { FirewallRecord } from '../domain/marker.ts';
import { NO_RKE2 } from '../domain/no-rke2.ts';
import type { FirewallFacts, HostFacts, Rke1Facts } from '../domain/observed.ts';
import { CNI_INTERFACE } from '../rke2/cni-interfaces.ts';

/** A host as an `uninstall` of ours leaves it: what a node that leaves and joins anew will find. */
export function cleanedFacts(facts: HostFacts): HostFacts {
  const { marker } = facts.rke2;
  const record = marker === null || marker === 'unreadable' ? null : marker.firewall;
  const isTheirs = (each: { readonly interface: string }) => CNI_INTERFACE.test(each.interface);
  return {
    ...facts,
    addresses: facts.addresses.filter((address) => !isTheirs(address)),
    routes: facts.routes.filter((route) => !isTheirs(route)),
    listening: [],
    rke1: withoutPods(facts.rke1),
    firewall: record === null ? facts.firewall : closedFirewall(facts.firewall, record),
    rke2: {
      ...NO_RKE2,
      apiAnswers: facts.rke2.apiAnswers,
      nodes: facts.rke2.nodes,
      members: facts.rke2.members,
      stateCopy: facts.rke2.stateCopy,
    },
  };
}

/**
 * On a host whose cleaning was cut off, where RKE2's units are gone already, what is left of its network and volumes looks
 * like RKE1's: the cleaning takes it away, Docker's containers it does not.
 */
function withoutPods(rke1: Rke1Facts): Rke1Facts {
  const paths = rke1.paths.filter((path) => !/^\/(etc\/cni|var\/lib\/(cni|calico|kubelet))(\/|$)/.test(path));
  return { ...rke1, paths, interfaces: [], chains: 0, mounts: 0 };
}

function closedFirewall(firewall: FirewallFacts, record: FirewallRecord): FirewallFacts {
  if (firewall.provider === 'none') return firewall;
  const without = (there: readonly string[], gone: readonly string[]) =>
    there.filter((item) => !gone.includes(item));
  const zones = Object.entries(firewall.zones).map(([name, zone]) => {
    const ports = name === record.zone ? without(zone.ports, record.ports) : zone.ports;
    const richRules = name === record.zone ? without(zone.richRules, record.richRules) : zone.richRules;
    const sources = name === 'trusted' ? without(zone.sources, record.trustedSources) : zone.sources;
    return [name, { ...zone, ports, richRules, sources }] as const;
  });
  const ipsets = Object.entries(firewall.ipsets).filter(([name]) => record.ipsets[name] === undefined);
  return { ...firewall, zones: Object.fromEntries(zones), ipsets: Object.fromEntries(ipsets) };
}
