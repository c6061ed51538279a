import { warn } from './log.ts';
import type { ServerOptions } from './options.ts';

/** What a supervisor tells nodes and joining servers at /v1-rke2/config. */
export interface ClusterConfig {
  readonly clusterCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  readonly cni: readonly string[];
  readonly ingress: readonly string[];
  readonly systemDefaultRegistry: string;
  readonly disableKubeProxy: boolean;
  /** Values that must be the same on all servers, by their flag's name. */
  readonly critical: Readonly<Record<string, string>>;
}

export function describeCluster(options: ServerOptions): ClusterConfig {
  return {
    clusterCidrs: options.clusterCidrs,
    serviceCidrs: options.serviceCidrs,
    clusterDns: options.clusterDns,
    clusterDomain: options.clusterDomain,
    cni: options.cni,
    ingress: options.ingress,
    systemDefaultRegistry: options.systemDefaultRegistry,
    disableKubeProxy: options.disableKubeProxy,
    critical: {
      'cluster-cidr': options.clusterCidrs.join(','),
      'service-cidr': options.serviceCidrs.join(','),
      'cluster-dns': options.clusterDns.join(','),
      'cluster-domain': options.clusterDomain,
      'disable-cloud-controller': String(options.disableCloudController),
      'egress-selector-mode': options.egressSelectorMode,
      'embedded-registry': String(options.embeddedRegistry),
      'secrets-encryption-provider': options.encryptionProvider,
      'supervisor-metrics': String(options.supervisorMetrics),
    },
  };
}

/** Names every critical value that differs and says whether none did. */
export function matchesCluster(own: ClusterConfig, peer: ClusterConfig): boolean {
  const different = Object.keys(own.critical).filter((name) => own.critical[name] !== peer.critical[name]);
  for (const name of different) warn(`critical configuration mismatched: ${name}`);
  return different.length === 0;
}
