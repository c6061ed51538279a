import * as z from 'zod';
import { showValue } from '../finding.ts';
import { familyOf, parseCidr } from '../ip.ts';
import { isDnsSubdomain } from '../schema/labels.ts';
import { NodeSelectorSchema, PriorityClassSchema, TolerationsSchema } from '../schema/pods.ts';
import { checked, FlagSchema, text } from '../schema/scalars.ts';
import { chart, group, mapped, ours, warned } from './key.ts';
import { deploymentStrategy } from './update-strategy.ts';

const CHART = 'rke2-coredns';

const ServerSchema = checked(text('must be the address of a name server'), (server) =>
  isNameServer(server)
    ? null
    : {
        message: `${showValue(server)} is not the address of a name server.`,
        hint: 'Write an IP address, with `:port` behind it if it is not 53: `10.0.0.53`, `10.0.0.53:5353`, `[fd00::53]:5353`.',
      },
);

function isNameServer(server: string): boolean {
  const [, bracketed, port] = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(server) ?? [];
  if (bracketed !== undefined) return familyOf(bracketed) === 6 && isPort(port);
  const [, plain = server, plainPort] = /^([\d.]+):(\d{1,5})$/.exec(server) ?? [];
  return familyOf(plain) !== null && isPort(plainPort);
}

function isPort(port: string | undefined): boolean {
  return port === undefined || (Number(port) >= 1 && Number(port) <= 65_535);
}

/** CoreDNS forwards to at most 15 servers. */
const SERVERS = { error: 'must be a list of 1 to 15 name servers' };
const ServersSchema = z.array(ServerSchema, SERVERS).max(15, SERVERS);

const ReverseSchema = checked(text('must be a network'), (value) =>
  parseCidr(value) !== null || /^[\w.-]+\.(in-addr|ip6)\.arpa\.?$/.test(value)
    ? null
    : {
        message: `${showValue(value)} is neither a network nor a reverse zone.`,
        hint: 'Write such as `172.16.0.0/12`, or `16.172.in-addr.arpa`.',
      },
);

const StubsSchema = checked(
  z.record(z.string(), ServersSchema, { error: 'must be a map of domains to lists of name servers' }),
  (stubs) => {
    const wrong = Object.keys(stubs).find(
      (domain) => !isDnsSubdomain(domain.toLowerCase().replace(/\.$/, '')),
    );
    return wrong === undefined
      ? null
      : {
          message: `${showValue(wrong)} is not a domain.`,
          hint: 'Write such as `corp.example.com: [10.0.0.53]`.',
        };
  },
);

const LocalAddressSchema = checked(text('must be an IP address'), (address) =>
  familyOf(address) !== null
    ? null
    : {
        message: `${showValue(address)} is not an IP address.`,
        hint: 'Write one that nothing else has on the nodes, such as `169.254.20.10`.',
      },
);

const COUNT = { error: 'must be a number' };
const WHOLE = { error: 'must be a whole number, 0 or more' };

const AUTOSCALER_KEYS = {
  cores_per_replica: mapped(z.number(COUNT).positive({ error: 'must be more than 0' }), {
    description: 'One DNS pod for so many cores of the cluster.',
    examples: [128],
    default: '`256`',
    becomes: [chart(CHART, 'autoscaler.coresPerReplica')],
  }),
  nodes_per_replica: mapped(z.number(COUNT).positive({ error: 'must be more than 0' }), {
    description: 'One DNS pod for so many nodes.',
    examples: [4],
    default: '`16`',
    becomes: [chart(CHART, 'autoscaler.nodesPerReplica')],
  }),
  min: mapped(z.number(WHOLE).int(WHOLE).min(0, WHOLE), {
    description: 'The least number of DNS pods.',
    examples: [1],
    default: '`0`',
    becomes: [chart(CHART, 'autoscaler.min')],
  }),
  max: mapped(z.number(WHOLE).int(WHOLE).min(0, WHOLE), {
    description: 'The greatest number of DNS pods; 0 is no limit.',
    examples: [10],
    default: '`0`',
    becomes: [chart(CHART, 'autoscaler.max')],
  }),
  prevent_single_point_failure: mapped(FlagSchema, {
    description: 'Two DNS pods as soon as there are two nodes.',
    examples: [true],
    default: '`true`',
    becomes: [chart(CHART, 'autoscaler.preventSinglePointFailure')],
  }),
};

const FIXED = 'RKE2’s chart sets it and takes no other.';

const NODELOCAL_KEYS = {
  ip_address: mapped(LocalAddressSchema, {
    description: 'Turns the DNS cache of each node on; it answers at this address there.',
    examples: ['169.254.20.10'],
    becomes: [chart(CHART, 'nodelocal.enabled'), chart(CHART, 'nodelocal.ip_address')],
  }),
  node_selector: mapped(NodeSelectorSchema, {
    description: 'Labels of the nodes that get the cache.',
    examples: [{ 'dns.example.com/cache': 'yes' }],
    becomes: [chart(CHART, 'nodelocal.nodeSelector')],
  }),
  update_strategy: warned({
    description: 'How the cache’s pods are replaced.',
    why: 'RKE2’s chart always replaces them one after the other.',
    instead: 'Leave the key out.',
    harmless: ['RollingUpdate', 1],
  }),
  node_local_dns_priority_class_name: warned({
    description: 'PriorityClass of the cache.',
    why: FIXED,
    instead: 'Leave the key out.',
    harmless: ['system-node-critical'],
  }),
};

const OPTIONS_KEYS = {
  coredns_priority_class_name: mapped(PriorityClassSchema, {
    description: 'PriorityClass of CoreDNS.',
    examples: ['system-cluster-critical'],
    default: '`system-cluster-critical`',
    becomes: [chart(CHART, 'priorityClassName')],
  }),
  coredns_autoscaler_priority_class_name: mapped(PriorityClassSchema, {
    description: 'PriorityClass of CoreDNS’ autoscaler.',
    examples: ['system-cluster-critical'],
    default: 'that of CoreDNS',
    becomes: [chart(CHART, 'autoscaler.priorityClassName')],
  }),
  ...Object.fromEntries(
    ['kube_dns_priority_class_name', 'kube_dns_autoscaler_priority_class_name'].map((name) => [
      name,
      warned({
        description: 'PriorityClass of kube-dns.',
        why: 'RKE2 has CoreDNS in its place.',
        instead: 'Write `coredns_priority_class_name` or `coredns_autoscaler_priority_class_name`.',
      }),
    ]),
  ),
};

/** The cluster's DNS, in RKE1's words. */
const DNS_KEYS = {
  provider: mapped(z.enum(['coredns', 'kube-dns', 'none'], { error: 'must be `coredns` or `none`' }), {
    description: 'What answers for the cluster’s names. `none` leaves it to you.',
    examples: ['coredns'],
    default: '`coredns`',
    becomes: [ours('`none` puts rke2-coredns into `disable` of config.yaml; `kube-dns` gets CoreDNS, too')],
  }),
  upstreamnameservers: mapped(ServersSchema, {
    description: 'Name servers for all names that are not the cluster’s own.',
    examples: [['1.1.1.1', '8.8.4.4']],
    default: 'those in the nodes’ /etc/resolv.conf',
    becomes: [chart(CHART, 'servers')],
  }),
  reversecidrs: mapped(z.array(ReverseSchema, { error: 'must be a list of networks' }), {
    description: 'Networks whose reverse names the cluster answers for, in place of all.',
    examples: [['172.16.0.0/12']],
    becomes: [chart(CHART, 'servers')],
  }),
  stubdomains: mapped(StubsSchema, {
    description: 'Domains that have name servers of their own.',
    examples: [{ 'corp.example.com': ['10.0.0.53'] }],
    becomes: [chart(CHART, 'servers')],
  }),
  node_selector: mapped(NodeSelectorSchema, {
    description: 'Labels of the nodes that CoreDNS runs on.',
    examples: [{ 'dns.example.com/server': 'yes' }],
    becomes: [chart(CHART, 'nodeSelector')],
  }),
  tolerations: mapped(TolerationsSchema, {
    description: 'Taints that CoreDNS and its autoscaler tolerate, in place of those of RKE2’s chart.',
    examples: [[{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }]],
    becomes: [chart(CHART, 'tolerations'), chart(CHART, 'autoscaler.tolerations')],
  }),
  update_strategy: deploymentStrategy('How CoreDNS’ pods are replaced.', {
    type: [ours('only RollingUpdate, which RKE2’s chart always takes')],
    maxUnavailable: [chart(CHART, 'rollingUpdate.maxUnavailable')],
    maxSurge: [chart(CHART, 'rollingUpdate.maxSurge')],
  }),
  linear_autoscaler_params: group(
    z.strictObject(AUTOSCALER_KEYS, {
      error: 'must be a map with `cores_per_replica`, `nodes_per_replica`, …',
    }),
    { description: 'How many DNS pods there are.', examples: [{ nodes_per_replica: 4, min: 2 }] },
  ),
  nodelocal: group(z.strictObject(NODELOCAL_KEYS, { error: 'must be a map with `ip_address`' }), {
    description: 'A DNS cache on every node.',
    examples: [{ ip_address: '169.254.20.10' }],
  }),
  options: group(z.strictObject(OPTIONS_KEYS, { error: 'must be a map of options' }), {
    description: 'PriorityClasses.',
    examples: [{ coredns_priority_class_name: 'system-cluster-critical' }],
  }),
};

/** The section as the whole file has it. */
export const DnsSection = group(
  z.strictObject(DNS_KEYS, { error: 'must be a map with `provider`, `upstreamnameservers`, …' }),
  { description: 'The cluster’s DNS.', examples: [{ upstreamnameservers: ['1.1.1.1'] }] },
);
