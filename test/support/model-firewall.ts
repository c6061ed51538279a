import type { FirewallRecord } from '../../src/domain/marker.ts';
import type { FirewallFacts } from '../../src/domain/observed.ts';

/** firewalld with one record of rules more and another less. */
export function openFirewall(
  firewall: FirewallFacts,
  add: FirewallRecord,
  remove: FirewallRecord,
): FirewallFacts {
  if (firewall.provider === 'none') return firewall;
  const change = (items: readonly string[], more: readonly string[], less: readonly string[]) =>
    [...new Set([...items, ...more])].filter((item) => !less.includes(item));
  const zone = firewall.zones[add.zone];
  const trusted = firewall.zones['trusted'];
  if (zone === undefined || trusted === undefined) throw new Error('no such zone');
  const names = [...Object.keys(firewall.ipsets), ...Object.keys(add.ipsets)];
  const ipsets = names.map((name) => [
    name,
    change(firewall.ipsets[name] ?? [], add.ipsets[name] ?? [], remove.ipsets[name] ?? []),
  ]);
  return {
    ...firewall,
    ipsets: Object.fromEntries(ipsets),
    zones: {
      ...firewall.zones,
      [add.zone]: {
        ...zone,
        ports: change(zone.ports, add.ports, remove.ports),
        richRules: change(zone.richRules, add.richRules, remove.richRules),
      },
      trusted: { ...trusted, sources: change(trusted.sources, add.trustedSources, remove.trustedSources) },
    },
  };
}

/** What an uninstall takes away again: the rules of the record, and its ipsets as a whole. */
export function closeFirewall(firewall: FirewallFacts, record: FirewallRecord | null): FirewallFacts {
  if (firewall.provider === 'none' || record === null) return firewall;
  const empty = { ...record, ports: [], richRules: [], trustedSources: [], ipsets: {} };
  const closed = openFirewall(firewall, empty, record);
  if (closed.provider === 'none') return closed;
  const ipsets = Object.entries(closed.ipsets).filter(([name]) => record.ipsets[name] === undefined);
  return { ...closed, ipsets: Object.fromEntries(ipsets) };
}
