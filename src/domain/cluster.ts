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
  readonly registries: Registries;
  readonly kubeconfig: KubeconfigSettings;
  readonly ssh: SshSettings;
  readonly transfer: TransferSettings;
  /** RKE2's data directory on every node; never changed afterwards. */
  readonly dataDir: string;
  /** Packaged ingress controllers as RKE2's `ingress-controller` takes them, the default class first; null = the release's own choice. */
  readonly ingress: readonly IngressController[] | null;
  /** True when the cluster's data lies in a datastore of somebody else's: no node has the role etcd then. */
  readonly externalDatastore: boolean;
  /** Everything else that the file puts into RKE2's own config.yaml. */
  readonly rke2: Rke2Settings;
  /** Files that the file brings onto nodes beside config.yaml, registries.yaml and manifests. */
  readonly files: readonly NodeFile[];
  /** Environment of the services (`/etc/default/rke2-server`, `-agent`); a proxy's password makes a value secret. */
  readonly environment: Readonly<Record<string, string | Secret>>;
  /** Manifests of the user's, in the order of the file. */
  readonly addons: readonly Addon[];
  readonly addonTimeoutMs: number;
  readonly charts: readonly Chart[];
  /** Values for charts that RKE2 packages or `charts` names, by chart name: each becomes a HelmChartConfig. */
  readonly chartValues: Readonly<Record<string, JsonMap>>;
  readonly upgrade: UpgradeStrategy;
  /** After how many seconds the hosts take this cluster away by themselves; null: never. Only of a cluster that is new. */
  readonly ttlSeconds: number | null;
  /** The same as `run --ttl` says it for the cluster that it makes; it wins, and stays for as long as that cluster is there. */
  readonly runTtlSeconds: number | null;
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonMap;
export interface JsonMap {
  readonly [key: string]: JsonValue;
}

export type IngressController = 'ingress-nginx' | 'traefik' | 'none';

/** Keys of RKE2's config.yaml by the service that gets them. */
export interface Rke2Settings {
  readonly server: Rke2Values;
  readonly agent: Rke2Values;
  /** For servers, in a drop-in (0600) of their own, so that config.yaml, plans and diffs hold no secret. */
  readonly secrets: Readonly<Record<string, Secret>>;
}

/** A text file (0600) on nodes of one kind; `founder`: on the server that founds the cluster, before its first start, and never again. */
export interface NodeFile {
  /** Absolute path on the host. */
  readonly path: string;
  readonly content: string | Secret;
  readonly on: 'servers' | 'agents' | 'all' | 'founder';
}

/** One manifest file for RKE2's deploy controller. `name` is unique among addons and a DNS-1123 label. */
export interface Addon {
  readonly name: string;
  /** The text itself (inline, a file beside cluster.yml, or made of secrets), or a URL that is fetched once and pinned by its hash. */
  readonly source: { readonly text: string | Secret } | { readonly url: string };
}

/** A Helm chart that RKE2's helm controller installs. */
export interface Chart {
  readonly name: string;
  readonly namespace: string;
  /** Chart name, `oci://…` or URL; null when `archive` holds it. */
  readonly chart: string | null;
  readonly repo: string | null;
  readonly version: string | null;
  readonly createNamespace: boolean;
  readonly values: JsonMap;
  /** The packed chart (.tgz) in base64, for an air gap. */
  readonly archive: string | null;
  /** Installed before the network is there (CNIs, cloud controllers). */
  readonly bootstrap: boolean;
}

/** How nodes are taken out of service while they change; RKE1's names and defaults. */
export interface UpgradeStrategy {
  /** A count (`3`) or a share (`10%`). */
  readonly maxUnavailableWorker: string;
  readonly maxUnavailableControlplane: string;
  readonly drain: boolean;
  readonly drainInput: {
    readonly force: boolean;
    readonly ignoreDaemonsets: boolean;
    readonly deleteEmptydir: boolean;
    /** Seconds; -1 = each pod's own. */
    readonly gracePeriodSeconds: number;
    readonly timeoutSeconds: number;
  };
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
  /** The node's address of the other IP family, where the file names it for dual stack. */
  readonly otherInternalAddress: string | null;
  /** Its own address may be another at any time: it is taken as the host has it, and not pinned. Absent: no. */
  readonly follow?: true;
  /** `hostname_override`, or `address` when it is a name; null = the host's own hostname. Lower case. */
  readonly name: string | null;
  readonly user: string;
  readonly roles: readonly Role[];
  readonly auth: SshAuth;
  /** From the operator outwards: the first is the one that the operator reaches. */
  readonly bastions: readonly Bastion[];
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** Keys of config.yaml for this node alone; they win over the cluster's. */
  readonly rke2: Rke2Values;
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

/** How release files come to the nodes. */
export interface TransferSettings {
  /** What may leave the operator's machine, and what one node may give away, in Mbit/s; null = any amount. */
  readonly operatorMbps: number | null;
  readonly nodeMbps: number | null;
  /** How many nodes one node serves at once; 0: all files come from the operator's machine. */
  readonly fanOut: number;
}

/** How the release's files are had from a URL, and what vouches for them. */
export interface RemoteArtifacts {
  /** `user:password`. */
  readonly login: Secret | null;
  /** What stands behind the `?` of the URL, for every file; it may be what grants access. */
  readonly query: Secret | null;
  /** SHA-256 of `sha256sum-<arch>.txt` by architecture; without one HTTPS vouches for it. */
  readonly checksums: Readonly<Record<string, string>>;
}

export interface Install {
  readonly method: 'airgap' | 'script';
  /** Absolute directory, or a URL without its query; null = none given. */
  readonly artifacts: string | null;
  /** What goes with a URL as `artifacts`; null for a directory. */
  readonly remote: RemoteArtifacts | null;
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

/** registries.yaml, and where RKE2's own images come from. */
export interface Registries {
  /** By registry name (`docker.io`, `*`): where its images are pulled from instead. */
  readonly mirrors: Readonly<Record<string, RegistryMirror>>;
  /** By `host[:port]`: how that registry is talked to. */
  readonly configs: Readonly<Record<string, RegistryConfig>>;
  /** `host[:port][/path]` that prefixes all of RKE2's own images; null = none. */
  readonly systemDefault: string | null;
  /** True when the mirror and its credentials are all there is: the upstream registries are never asked. */
  readonly onlyMirrors: boolean;
}

export interface RegistryMirror {
  /** URLs, tried in order. */
  readonly endpoints: readonly string[];
  /** Regular expression on the repository's path → replacement. */
  readonly rewrites: Readonly<Record<string, string>>;
}

export interface RegistryConfig {
  readonly auth: { readonly username: string; readonly password: Secret } | null;
  readonly tls: {
    /** Paths on the nodes; the files themselves are among the cluster's `files`. */
    readonly caFile: string | null;
    readonly certFile: string | null;
    readonly keyFile: string | null;
    readonly insecureSkipVerify: boolean;
  } | null;
}

export interface KubeconfigSettings {
  /** Absolute path on the operator's machine. */
  readonly path: string;
  readonly mode: number;
  readonly group: string | null;
}

export type Rke2Value = string | number | boolean | readonly (string | number | boolean)[];
export type Rke2Values = Readonly<Record<string, Rke2Value>>;
