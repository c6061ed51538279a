import path from 'node:path';
import type {
  Cluster,
  ClusterNetwork,
  Endpoint,
  FirewallSettings,
  KubeconfigSettings,
  SshSettings,
} from '../../domain/cluster.ts';
import { DEFAULTS } from '../defaults.ts';
import { parseDuration } from '../duration.ts';
import type { ConfigEnvironment } from '../environment.ts';
import { addressAt, normalizeAddress, parseCidr } from '../ip.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import { type PathResolver, resolvePathsFrom } from '../local-path.ts';
import { parseEndpoint } from '../schema/endpoint.ts';
import { splitValues } from '../schema/scalars.ts';
import { mergeContributions } from './contribution.ts';
import { resolveAddons } from './resolve-addons.ts';
import { contributeAdmission } from './resolve-admission.ts';
import { contributeAuditLog } from './resolve-audit-log.ts';
import { contributeAuthentication } from './resolve-authentication.ts';
import { contributeCertificates } from './resolve-certificates.ts';
import { resolveCharts } from './resolve-charts.ts';
import { contributeCloudProvider, resolveCloudAddons } from './resolve-cloud-provider.ts';
import { contributeDatastore } from './resolve-datastore.ts';
import { contributeDns } from './resolve-dns.ts';
import { contributeIngress, resolveIngress } from './resolve-ingress.ts';
import { resolveInstall } from './resolve-install.ts';
import { contributeMonitoring } from './resolve-monitoring.ts';
import { contributeNetwork } from './resolve-network.ts';
import { listSingleNodes, resolveNode } from './resolve-node.ts';
import { resolveProxy } from './resolve-proxy.ts';
import { contributeRegistries, resolveRegistries } from './resolve-registries.ts';
import { contributeHardening, contributeServices } from './resolve-services.ts';
import { contributeSnapshots } from './resolve-snapshots.ts';
import { resolveUpgrade } from './resolve-upgrade.ts';

/** Puts in what the file leaves out. The input is valid and no rule speaks against it. */
export function resolveCluster(input: ClusterInput, file: string, env: ConfigEnvironment): Cluster {
  const absolute = path.resolve(env.cwd, file);
  const toAbsolute = resolvePathsFrom(path.dirname(absolute), env.home);
  const context = { env, toAbsolute };
  const dataDir = path.posix.join(input.prefix_path ?? '/', DEFAULTS.dataDir);
  const nodes = listSingleNodes(input.nodes).map((node) => resolveNode(node, input, env, toAbsolute));
  const network = resolveNetwork(input);
  const endpoint = resolveEndpoint(input.endpoint);
  const contribution = mergeContributions([
    contributeAuditLog(input),
    contributeAuthentication(input, context),
    contributeAdmission(input),
    contributeSnapshots(input, nodes.filter(({ roles }) => roles.includes('etcd')).length, context),
    contributeRegistries(input, context),
    contributeDatastore(input, context),
    contributeCertificates(input, dataDir, context),
    contributeHardening(input),
    contributeServices(input),
    contributeNetwork(input),
    contributeDns(input),
    contributeMonitoring(input),
    contributeIngress(input),
    contributeCloudProvider(input, context),
    { chartValues: input.chart_values ?? {} },
    { server: input.rke2?.server ?? {}, agent: input.rke2?.agent ?? {} },
  ]);
  return {
    name: input.cluster_name ?? DEFAULTS.clusterName,
    version: input.kubernetes_version ?? null,
    nodes,
    install: resolveInstall(input.install ?? {}, context),
    endpoint,
    network,
    tlsSans: [
      ...new Set((input.authentication?.sans ?? []).map((san) => normalizeAddress(san).toLowerCase())),
    ],
    firewall: resolveFirewall(input.firewall ?? {}),
    prepare: [...new Set(input.prepare ?? [])],
    registries: resolveRegistries(input, context),
    kubeconfig: resolveKubeconfig(input.kubeconfig ?? {}, absolute, toAbsolute),
    ssh: resolveSsh(input.ssh ?? {}, toAbsolute, env),
    transfer: {
      operatorMbps: input.transfer?.operator_mbps ?? null,
      nodeMbps: input.transfer?.per_node ?? null,
      fanOut: input.transfer?.fan_out ?? DEFAULTS.fanOut,
    },
    dataDir,
    ingress: resolveIngress(input),
    externalDatastore:
      'datastore-endpoint' in contribution.server || 'datastore-endpoint' in contribution.secrets,
    rke2: { server: contribution.server, agent: contribution.agent, secrets: contribution.secrets },
    files: contribution.files,
    environment: resolveProxy(input, { nodes, network, endpoint }, context),
    addons: [...resolveAddons(input, context), ...resolveCloudAddons(input, context)],
    addonTimeoutMs:
      input.addon_job_timeout === undefined ? DEFAULTS.addonTimeoutMs : input.addon_job_timeout * 1000,
    charts: resolveCharts(input, context),
    chartValues: contribution.chartValues,
    upgrade: resolveUpgrade(input),
    ttlSeconds: input.ttl === undefined ? null : Math.ceil(parseDuration(input.ttl) / 1000),
    runTtlSeconds: null,
  };
}

function resolveEndpoint(text: string | undefined): Endpoint | null {
  const endpoint = text === undefined ? null : parseEndpoint(text);
  return endpoint && { host: normalizeAddress(endpoint.host), port: endpoint.port };
}

function resolveNetwork(input: ClusterInput): ClusterNetwork {
  const plugin = input.network?.plugin ?? DEFAULTS.cni;
  const kubelet = input.services?.kubelet;
  const serviceCidr = splitValues(
    input.services?.['kube-api']?.service_cluster_ip_range ?? DEFAULTS.serviceCidr,
  );
  return {
    cni: typeof plugin === 'string' ? [plugin] : plugin,
    clusterCidr: splitValues(input.services?.['kube-controller']?.cluster_cidr ?? DEFAULTS.clusterCidr),
    serviceCidr,
    clusterDns: kubelet?.cluster_dns_server
      ? splitValues(kubelet.cluster_dns_server).map(normalizeAddress)
      : serviceCidr.flatMap((text) => deriveDns(text) ?? []),
    clusterDomain: kubelet?.cluster_domain ?? DEFAULTS.clusterDomain,
  };
}

function deriveDns(serviceCidr: string): string | null {
  const cidr = parseCidr(serviceCidr);
  return cidr && addressAt(cidr, DEFAULTS.clusterDnsOffset);
}

function resolveFirewall(input: NonNullable<ClusterInput['firewall']>): FirewallSettings {
  return {
    provider: input.provider ?? DEFAULTS.firewallProvider,
    zone: input.zone ?? null,
    manage: input.manage ?? DEFAULTS.firewallManage,
    public: [...new Set(input.public ?? DEFAULTS.firewallPublic)],
  };
}

function resolveKubeconfig(
  input: NonNullable<ClusterInput['kubeconfig']>,
  file: string,
  toAbsolute: PathResolver,
): KubeconfigSettings {
  const beside = path.join(path.dirname(file), `${DEFAULTS.kubeconfigPrefix}${path.basename(file)}`);
  return {
    path: input.path === undefined ? beside : toAbsolute(input.path),
    mode: input.mode === undefined ? DEFAULTS.kubeconfigMode : Number.parseInt(input.mode, 8),
    group: input.group ?? null,
  };
}

function resolveSsh(
  input: NonNullable<ClusterInput['ssh']>,
  toAbsolute: PathResolver,
  env: ConfigEnvironment,
): SshSettings {
  const { connect_timeout: timeout, keepalive } = input;
  return {
    hostKeys: input.host_keys ?? DEFAULTS.hostKeys,
    knownHosts:
      input.known_hosts === undefined
        ? path.join(env.home, DEFAULTS.knownHosts)
        : toAbsolute(input.known_hosts),
    client: input.client ?? DEFAULTS.sshClient,
    connectTimeoutMs: timeout === undefined ? DEFAULTS.connectTimeoutMs : parseDuration(timeout),
    keepaliveMs: keepalive === undefined ? DEFAULTS.keepaliveMs : parseDuration(keepalive),
  };
}
