import type { Role } from './role.ts';
import type { Secret } from './secret.ts';

/**
 * What the user wants: cluster.yml after validation, defaults and normalization. Plain data; secret values are wrapped
 * in `Secret`, so that this can be written to a plan, a log or the state without a leak.
 */
export interface Cluster {
  readonly name: string;
  /** `v1.35.7+rke2r1` as written in the file; null when the file leaves it to the artifacts, the channel or the state. */
  readonly version: string | null;
  readonly nodes: readonly ClusterNode[];
  readonly install: Install;
  readonly endpoint: Endpoint | null;
  readonly network: ClusterNetwork;
  readonly tlsSans: readonly string[];
  readonly firewall: FirewallSettings;
  readonly prepare: readonly Preparation[];
  readonly registries: readonly PrivateRegistry[];
  readonly kubeconfig: KubeconfigSettings;
  readonly ssh: SshSettings;
  /** Keys of RKE2's own config.yaml that the file sets beside the first-class ones. */
  readonly rke2: { readonly server: Rke2Values; readonly agent: Rke2Values };
}

/** `address:port` (`[address]:port` for IPv6): how a node is told apart in one cluster.yml, before its identity is known. */
export type NodeKey = string;

export interface ClusterNode {
  readonly key: NodeKey;
  /** Where SSH reaches it: name, IPv4 or IPv6 without brackets. */
  readonly address: string;
  readonly port: number;
  /** What the other nodes use; null = what the host's own default route says, or `address` when that is one of its own. */
  readonly internalAddress: string | null;
  /** `hostname_override`, or `address` when it is a name; null = the host's own hostname. Lower case. */
  readonly name: string | null;
  readonly user: string;
  readonly roles: readonly Role[];
  readonly auth: SshAuth;
  /** From the operator outwards: the first is the one that the operator reaches. */
  readonly bastions: readonly Bastion[];
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
}

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

/** How to prove who we are to an sshd. All that is set is tried, in the order key, agent. */
export interface SshAuth {
  /** PEM text, from `ssh_key`. */
  readonly key: Secret | null;
  /** Absolute paths, tried in order; missing ones are passed over when they are the defaults. */
  readonly keyPaths: readonly string[];
  readonly keyPathsAreDefaults: boolean;
  /** OpenSSH certificate as text or path; such a host is reached through the OpenSSH client. */
  readonly certificate: string | null;
  readonly certificatePath: string | null;
  /** `required`: only the agent; `auto`: after the keys, if SSH_AUTH_SOCK is set. */
  readonly agent: 'required' | 'auto';
}

export interface Bastion {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly auth: SshAuth;
}

export interface SshSettings {
  readonly hostKeys: 'strict' | 'accept-new';
  /** Absolute path of the known_hosts file that first contacts are pinned in. */
  readonly knownHosts: string;
  readonly client: 'ssh2' | 'openssh';
  readonly connectTimeoutMs: number;
  readonly keepaliveMs: number;
}

export interface Install {
  readonly method: 'airgap' | 'script';
  /** Absolute directory, or a URL; null = none given. */
  readonly artifacts: string | null;
  readonly channel: string;
  readonly package: 'tar' | 'rpm';
  /** null = the official places; `cn` or a base URL. */
  readonly mirror: string | null;
  /** URL or absolute file of install.sh; null = the official one, or the mirror's. */
  readonly script: string | null;
  readonly fetch: 'host' | 'operator';
  /** Where the tarball is unpacked; null = /usr/local, or /opt/rke2 when that is read-only or a mount point. */
  readonly prefix: string | null;
}

/** The fixed registration address. `port` is the API server's; 9345 is expected beside it. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export type Cni = 'canal' | 'calico' | 'cilium' | 'flannel' | 'multus' | 'none';

export interface ClusterNetwork {
  /** One, or `multus` and one other, as RKE2's `cni` key takes them. */
  readonly cni: readonly Cni[];
  readonly clusterCidr: readonly string[];
  readonly serviceCidr: readonly string[];
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
}

export interface FirewallSettings {
  readonly provider: 'auto' | 'firewalld' | 'none';
  /** firewalld zone of the nodes' own interfaces; null = its default zone. */
  readonly zone: string | null;
  readonly manage: 'open' | 'check';
  /** What anybody may reach: names (`api`, `ingress`, `nodeports`) or `port/protocol`. */
  readonly public: readonly string[];
}

/** Changes to the host beyond RKE2's own files; only those named in the file are made. */
export type Preparation = 'network-manager' | 'cis-sysctl' | 'cis-user' | 'inotify';

export interface PrivateRegistry {
  readonly url: string;
  readonly user: string | null;
  readonly password: Secret | null;
  readonly isDefault: boolean;
}

export interface KubeconfigSettings {
  /** Absolute path on the operator's machine. */
  readonly path: string;
  readonly mode: number;
  readonly group: string | null;
}

export type Rke2Value = string | number | boolean | readonly (string | number | boolean)[];
export type Rke2Values = Readonly<Record<string, Rke2Value>>;
