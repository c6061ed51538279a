import type { FirewallRecord, Marker } from '../domain/marker.ts';
import type { HostFacts } from '../domain/observed.ts';
import type { DesiredNode } from '../render/desired-node.ts';
import { firewallDifference, isEmptyFirewall, joinFirewalls, NO_FIREWALL } from '../render/firewall-rules.ts';

/** What is to be added to firewalld and taken from it. */
export interface FirewallChange {
  readonly add: FirewallRecord;
  readonly remove: FirewallRecord;
  /** False where RKE2 has ever run: containers outlive a service that is down, and a reload wipes their rules. */
  readonly reload: boolean;
}

/** Holds firewalld against what the node needs; null: nothing to do. With `keepDrift` nothing is opened that we opened once. */
export function compareFirewall(
  desired: DesiredNode,
  facts: HostFacts,
  { keepDrift }: { readonly keepDrift: boolean },
): FirewallChange | null {
  if (facts.firewall.provider === 'none') return null;
  const before = recordedFirewall(facts.rke2.marker);
  const wanted = desired.firewall ?? NO_FIREWALL;
  const present = presentFirewall(facts, wanted.zone);
  const passage = desired.passage ?? wanted;
  const missing = firewallDifference(passage, present);
  const add = keepDrift && before.zone === wanted.zone ? firewallDifference(missing, before) : missing;
  // Without members that go, who is let in for now is who is let in for good, and nothing of it is closed again.
  const isPassing = passage !== wanted && before.zone === passage.zone;
  const opened = isPassing ? joinFirewalls(before, passage) : before;
  const there = presentFirewall(facts, before.zone);
  const open = isPassing ? joinFirewalls(there, passage) : there;
  const surplus = firewallDifference(opened, wanted);
  const remove = { ...intersection(surplus, open, wanted), zone: before.zone };
  if (isEmptyFirewall(add) && isEmptyFirewall(remove)) return null;
  const { server, agent, caHash, etcdData } = facts.rke2;
  const isIdle = [server, agent].every((unit) => unit.active === 'inactive');
  return { add, remove, reload: isIdle && caHash === null && !etcdData };
}

/** Of what we once opened and still want, that which somebody has closed. */
export function closedFirewall(desired: DesiredNode, facts: HostFacts): FirewallRecord {
  const before = recordedFirewall(facts.rke2.marker);
  const wanted = desired.firewall;
  if (facts.firewall.provider === 'none' || wanted === null || before.zone !== wanted.zone)
    return NO_FIREWALL;
  const missing = firewallDifference(wanted, presentFirewall(facts, wanted.zone));
  return firewallDifference(missing, firewallDifference(missing, before));
}

function recordedFirewall(marker: Marker | null | 'unreadable'): FirewallRecord {
  return marker === null || marker === 'unreadable' ? NO_FIREWALL : (marker.firewall ?? NO_FIREWALL);
}

/** What firewalld's files hold now of a zone, in the form of our record. */
export function presentFirewall(facts: HostFacts, zoneName: string): FirewallRecord {
  if (facts.firewall.provider === 'none') return NO_FIREWALL;
  const zone = facts.firewall.zones[zoneName];
  return {
    zone: zoneName,
    ports: zone?.ports ?? [],
    richRules: zone?.richRules ?? [],
    trustedSources: facts.firewall.zones['trusted']?.sources ?? [],
    ipsets: facts.firewall.ipsets,
  };
}

/** Of what we once added only that which is still there, and only ipsets that nobody wants. */
function intersection(
  surplus: FirewallRecord,
  present: FirewallRecord,
  wanted: FirewallRecord,
): FirewallRecord {
  const kept = (items: readonly string[], there: readonly string[]) => {
    const known = new Set(there);
    return items.filter((item) => known.has(item));
  };
  const ipsets = Object.entries(surplus.ipsets).flatMap(([name, entries]) => {
    const there = present.ipsets[name];
    return there === undefined ? [] : [[name, kept(entries, there)] as const];
  });
  return {
    zone: surplus.zone,
    ports: kept(surplus.ports, present.ports),
    richRules: kept(surplus.richRules, present.richRules),
    trustedSources: kept(surplus.trustedSources, present.trustedSources),
    ipsets: Object.fromEntries(
      ipsets.filter(
        ([name, entries]) =>
          entries.length > 0 || (present.ipsets[name]?.length === 0 && wanted.ipsets[name] === undefined),
      ),
    ),
  };
}
