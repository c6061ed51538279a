import { isIPv4, isIPv6 } from 'node:net';
import type { Cluster } from '../domain/cluster.ts';
import type { FirewallRecord } from '../domain/marker.ts';
import type { Role } from '../domain/role.ts';
import { remember } from '../lib/remember.ts';
import { inboundRules, isPortTarget, type PortRule, portOptions } from '../rke2/ports.ts';

/** Names of our ipsets: every node's cluster address, by family. */
const IPSETS = { nodes4: 'rke2ctl-nodes-4', nodes6: 'rke2ctl-nodes-6' } as const;

export interface FirewallInput {
  readonly cluster: Cluster;
  readonly roles: readonly Role[];
  /** Cluster addresses of all nodes, this one included. */
  readonly nodeAddresses: readonly string[];
  readonly zone: string;
}

/**
 * What firewalld must let in on a node: RKE2's ports for its roles from the cluster's nodes only (by ipset, so that a
 * new node changes no rule), the file's `public` ports from anywhere, pods and services trusted.
 */
export function renderFirewall({ cluster, roles, nodeAddresses, zone }: FirewallInput): FirewallRecord {
  const rendered = renderedFor(cluster, nodeAddresses);
  const kind = JSON.stringify([zone, ...roles]);
  const record = rendered.get(kind) ?? rulesFor({ cluster, roles, nodeAddresses, zone });
  rendered.set(kind, record);
  return record;
}

/** Nodes of the same roles get the same: of a thousand hardly two differ. */
const renderedFor = remember(
  (_cluster: Cluster, _nodeAddresses: readonly string[]) => new Map<string, FirewallRecord>(),
);

function rulesFor({ cluster, roles, nodeAddresses, zone }: FirewallInput): FirewallRecord {
  const rules = inboundRules(cluster.network, portOptions(cluster)).filter((rule) =>
    isPortTarget(rule.to, roles),
  );
  const names = new Set(cluster.firewall.public);
  const isPublic = (rule: PortRule) => rule.public !== undefined && names.has(rule.public);
  const wanted = cluster.firewall.public.filter((item) => item.includes('/'));
  const families = ipsetsOf(nodeAddresses);
  return {
    zone,
    ports: sorted([...rules.filter(isPublic).map((rule) => `${rule.port}/${rule.protocol}`), ...wanted]),
    richRules: sorted(
      rules
        .filter((rule) => !isPublic(rule) && rule.from !== 'anybody')
        .flatMap((rule) => Object.keys(families).map((ipset) => richRule(rule, ipset))),
    ),
    trustedSources: sorted([...cluster.network.clusterCidr, ...cluster.network.serviceCidr]),
    ipsets: families,
  };
}

/** Exactly the form in which firewalld prints the rule back, so that the two can be compared as text. */
function richRule(rule: PortRule, ipset: string): string {
  const family = ipset === IPSETS.nodes6 ? 'ipv6' : 'ipv4';
  const source = `rule family="${family}" source ipset="${ipset}"`;
  if (rule.protocol === 'icmp') {
    return `${source} icmp-type name="echo-request" accept`;
  }
  return `${source} port port="${rule.port}" protocol="${rule.protocol}" accept`;
}

function ipsetsOf(addresses: readonly string[]): Record<string, readonly string[]> {
  const four = sorted(addresses.filter((address) => isIPv4(address)));
  const six = sorted(addresses.filter((address) => isIPv6(address)));
  return {
    ...(four.length === 0 ? {} : { [IPSETS.nodes4]: four }),
    ...(six.length === 0 ? {} : { [IPSETS.nodes6]: six }),
  };
}

/** What `wanted` has that `present` lacks, part by part; the zone is `wanted`'s. */
export function firewallDifference(wanted: FirewallRecord, present: FirewallRecord): FirewallRecord {
  const ipsets: Record<string, readonly string[]> = {};
  for (const [name, entries] of Object.entries(wanted.ipsets)) {
    const known = present.ipsets[name];
    const missing = without(entries, known ?? []);
    if (known === undefined || missing.length > 0) ipsets[name] = missing;
  }
  return {
    zone: wanted.zone,
    ports: without(wanted.ports, present.ports),
    richRules: without(wanted.richRules, present.richRules),
    trustedSources: without(wanted.trustedSources, present.trustedSources),
    ipsets,
  };
}

/** Both together, in the second's zone. */
export function joinFirewalls(one: FirewallRecord, other: FirewallRecord): FirewallRecord {
  const both = (a: readonly string[], b: readonly string[]) => [...new Set([...a, ...b])].sort();
  const names = both(Object.keys(one.ipsets), Object.keys(other.ipsets));
  return {
    zone: other.zone,
    ports: both(one.ports, other.ports),
    richRules: both(one.richRules, other.richRules),
    trustedSources: both(one.trustedSources, other.trustedSources),
    ipsets: Object.fromEntries(
      names.map((name) => [name, both(one.ipsets[name] ?? [], other.ipsets[name] ?? [])]),
    ),
  };
}

/** Nothing to add and nothing to take away, in no zone. */
export const NO_FIREWALL: FirewallRecord = {
  zone: '',
  ports: [],
  richRules: [],
  trustedSources: [],
  ipsets: {},
};

/** True when there is nothing in it to add or to take away. */
export function isEmptyFirewall(record: FirewallRecord): boolean {
  const lists = [record.ports, record.richRules, record.trustedSources];
  return lists.every((list) => list.length === 0) && Object.keys(record.ipsets).length === 0;
}

function without(all: readonly string[], known: readonly string[]): readonly string[] {
  if (all === known || (all.length === known.length && all.every((item, index) => item === known[index])))
    return [];
  const there = new Set(known);
  return all.filter((item) => !there.has(item));
}

function sorted(items: readonly string[]): readonly string[] {
  return [...new Set(items)].sort();
}
