import type { JsonMap } from '../../domain/cluster.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import { toRollingUpdate } from '../keys/update-strategy.ts';
import { listFlags } from '../list-flags.ts';
import { toLabels, toToleration } from '../schema/pods.ts';
import { chartMap, valuesOf } from './chart-map.ts';
import type { Contribution } from './contribution.ts';

type DnsInput = NonNullable<ClusterInput['dns']>;

const CHART = 'rke2-coredns';

/** CoreDNS' chart values; with `provider: none` no CoreDNS. */
export function contributeDns(input: ClusterInput): Partial<Contribution> {
  const dns = input.dns;
  if (dns === undefined) return {};
  if (dns.provider === 'none') return { server: { disable: [CHART] } };
  const { linear_autoscaler_params: scaler = {}, nodelocal, options = {}, tolerations = [] } = dns;
  const tolerated =
    tolerations.length === 0 ? undefined : tolerations.map((each): JsonMap => chartMap(toToleration(each)));
  const local = nodelocal?.ip_address;
  const behindIpvs = local !== undefined && usesIpvs(input);
  return {
    // With IPVS the cluster's address is on every node already, so that pods must be told of the cache's.
    ...(behindIpvs && {
      server: { 'kubelet-arg': [`cluster-dns=${local}`] },
      agent: { 'kubelet-arg': [`cluster-dns=${local}`] },
    }),
    chartValues: valuesOf(CHART, {
      servers: listServers(dns),
      nodeSelector: dns.node_selector && toLabels(dns.node_selector),
      tolerations: tolerated,
      rollingUpdate: toRollingUpdate(dns.update_strategy?.rollingUpdate),
      priorityClassName: options.coredns_priority_class_name,
      autoscaler: {
        coresPerReplica: scaler.cores_per_replica,
        nodesPerReplica: scaler.nodes_per_replica,
        min: scaler.min,
        max: scaler.max,
        preventSinglePointFailure: scaler.prevent_single_point_failure,
        priorityClassName: options.coredns_autoscaler_priority_class_name,
        tolerations: tolerated,
      },
      nodelocal: {
        enabled: local === undefined ? undefined : true,
        ip_address: local,
        ipvs: behindIpvs ? true : undefined,
        nodeSelector:
          local === undefined || nodelocal?.node_selector === undefined
            ? undefined
            : toLabels(nodelocal.node_selector),
      },
    }),
  };
}

/** Whether the file makes kube-proxy use IPVS. */
function usesIpvs(input: ClusterInput): boolean {
  return listFlags(input).some(
    ({ component, name, value }) => component === 'kube-proxy' && name === 'proxy-mode' && value === 'ipvs',
  );
}

/**
 * The server blocks of the Corefile, where the file says something about them: the chart takes the list as a whole. The
 * chart puts the cluster's domain before the parameters of `kubernetes`.
 */
function listServers(dns: DnsInput): readonly JsonMap[] | undefined {
  const { reversecidrs = [], stubdomains = {}, upstreamnameservers = [] } = dns;
  const stubs = Object.entries(stubdomains);
  if (reversecidrs.length + stubs.length + upstreamnameservers.length === 0) return undefined;
  const reverse = reversecidrs.length === 0 ? 'in-addr.arpa ip6.arpa' : reversecidrs.join(' ');
  const upstream = upstreamnameservers.length === 0 ? '/etc/resolv.conf' : upstreamnameservers.join(' ');
  const main: JsonMap = {
    zones: [{ zone: '.', use_tcp: true }],
    port: 53,
    plugins: [
      { name: 'errors' },
      { name: 'health', configBlock: 'lameduck 10s' },
      { name: 'ready' },
      {
        name: 'kubernetes',
        parameters: reverse,
        configBlock: 'pods insecure\nfallthrough in-addr.arpa ip6.arpa\nttl 30',
      },
      { name: 'prometheus', parameters: '0.0.0.0:9153' },
      { name: 'forward', parameters: `. ${upstream}` },
      { name: 'cache', parameters: 30 },
      { name: 'loop' },
      { name: 'reload' },
      { name: 'loadbalance' },
    ],
  };
  return [main, ...stubs.map(([domain, servers]) => stubServer(domain, servers))];
}

function stubServer(domain: string, servers: readonly string[]): JsonMap {
  return {
    zones: [{ zone: domain, use_tcp: true }],
    port: 53,
    plugins: [
      { name: 'errors' },
      { name: 'cache', parameters: 30 },
      { name: 'forward', parameters: `. ${servers.join(' ')}` },
    ],
  };
}
