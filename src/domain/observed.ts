import type { NodeKey } from './cluster.ts';
import type { Marker } from './marker.ts';
import type { StateCopy } from './state-copy.ts';

/** What the hosts say now. One probe per host gives all of it; nothing here is remembered from earlier runs. */
export interface Observed {
  readonly hosts: Readonly<Record<NodeKey, HostObservation>>;
}

export type HostObservation =
  | { readonly reachable: true; readonly facts: HostFacts }
  | {
      readonly reachable: false;
      readonly error: { readonly code: string; readonly message: string; readonly hint: string };
    };

/** One host's facts, as the probe's parser gives them. Sizes in bytes, times in milliseconds since the epoch. */
export interface HostFacts {
  readonly hostname: string;
  readonly machineId: string;
  readonly bootId: string;
  /** SHA-256 fingerprint of the host key that the connection showed, `SHA256:…`; null for the local transport. */
  readonly hostKey: string | null;
  readonly arch: string;
  readonly os: {
    readonly id: string;
    readonly versionId: string;
    readonly idLike: readonly string[];
    readonly name: string;
  };
  readonly kernel: string;
  /** Host clock minus operator clock at the moment of the probe, corrected by half the round trip. */
  readonly clockOffsetMs: number;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly swapBytes: number;
  readonly systemd: boolean;
  readonly cgroup: { readonly version: 1 | 2; readonly controllers: readonly string[] };
  readonly addresses: readonly InterfaceAddress[];
  readonly routes: readonly Route[];
  /** Nobody, where RKE2 runs: there nobody asks. */
  readonly listening: readonly Listener[];
  readonly filesystems: readonly Filesystem[];
  /** Names from the probe's list that `command -v` finds (iptables, curl, zstd, firewall-cmd, openssl, python3, …). */
  readonly commands: readonly string[];
  readonly selinux: 'enforcing' | 'permissive' | 'disabled';
  readonly rke2Selinux: boolean;
  readonly apparmor: { readonly enabled: boolean; readonly parser: boolean };
  readonly networkManager: {
    readonly active: boolean;
    readonly unmanagedFile: boolean;
    readonly cloudSetup: boolean;
  };
  readonly fapolicyd: boolean;
  readonly nameservers: readonly string[];
  readonly inotify: { readonly instances: number; readonly watches: number };
  readonly sysctls: Readonly<Record<string, string>>;
  readonly users: { readonly etcd: boolean };
  readonly rke1: Rke1Facts;
  readonly firewall: FirewallFacts;
  /** Median milliseconds of a small synchronous write where etcd will live; null when it was not measured. */
  readonly fsyncMs: number | null;
  /** What names of the file resolve to on this host (endpoint, internal names); empty list = does not resolve. */
  readonly resolved: Readonly<Record<string, readonly string[]>>;
  readonly rke2: Rke2Facts;
}

/** What RKE1, its Docker or another Kubernetes left on a host; nothing where RKE2 runs. */
export interface Rke1Facts {
  /** Docker's daemon runs. */
  readonly docker: boolean;
  /** Containers of RKE1's own that Docker has, by name. */
  readonly containers: readonly string[];
  /** How many containers of pods Docker has. */
  readonly podContainers: number;
  readonly paths: readonly string[];
  /** Network interfaces of its CNI. */
  readonly interfaces: readonly string[];
  /** How many chains of kube-proxy and the CNI stand in iptables. */
  readonly chains: number;
  /** How many volumes of pods are mounted below /var/lib/kubelet. */
  readonly mounts: number;
}

export interface InterfaceAddress {
  readonly interface: string;
  readonly address: string;
  readonly prefix: number;
}

/** `destination` is a CIDR, or `default`. */
export interface Route {
  readonly destination: string;
  readonly interface: string;
}

export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  /** Program name and pid when the kernel told: `nginx (812)`. */
  readonly process: string | null;
}

export interface Filesystem {
  /** The path asked about; it may not exist yet, then this is its nearest parent's file system. */
  readonly path: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly availableBytes: number;
  readonly readOnly: boolean;
  readonly noexec: boolean;
}

/** firewalld as its files and its unit tell; `none` where no firewalld runs. */
export type FirewallFacts =
  | { readonly provider: 'none' }
  | {
      readonly provider: 'firewalld';
      readonly defaultZone: string;
      /** By zone name; the zone files of /etc/firewalld win over /usr/lib/firewalld. */
      readonly zones: Readonly<Record<string, FirewallZone>>;
      /** Permanent ipsets by name, with their entries. */
      readonly ipsets: Readonly<Record<string, readonly string[]>>;
      readonly flushAllOnReload: boolean;
    };

export interface FirewallZone {
  readonly interfaces: readonly string[];
  /** CIDRs, or `ipset:NAME`. */
  readonly sources: readonly string[];
  readonly ports: readonly string[];
  /** Rich rules exactly as `firewall-cmd --list-rich-rules` prints them. */
  readonly richRules: readonly string[];
  /** `ACCEPT`, `%%REJECT%%`, `DROP` or `default`. */
  readonly target: string;
}

export interface Rke2Facts {
  /** Every `rke2` found in /usr/local/bin, /opt/rke2/bin, /usr/bin or a prefix of ours, with its version; the unit's own first. */
  readonly binaries: readonly { readonly path: string; readonly version: string }[];
  readonly rpm: boolean;
  /** The version that an upgrade put by for the case that the new one does not come up; null where nothing is. */
  readonly previous: string | null;
  readonly server: UnitFacts;
  readonly agent: UnitFacts;
  /** null: no marker; `unreadable`: there is one that is not ours to understand. */
  readonly marker: Marker | null | 'unreadable';
  /** SHA-256 and mode of every file that rke2ctl may write, by path; absent = not there. */
  readonly files: Readonly<Record<string, { readonly sha256: string; readonly mode: string }>>;
  /** Names in $DD/agent/images with size and mtime (seconds). */
  readonly images: readonly { readonly name: string; readonly sizeBytes: number; readonly mtime: number }[];
  /** True when an etcd database is on disk (`$DD/server/db/etcd/name`). */
  readonly etcdData: boolean;
  /** `K10…`'s hash of $DD/server/tls/server-ca.crt (servers) or agent/server-ca.crt, as `caHash` gives it; null when there is none. */
  readonly caHash: string | null;
  /** Local etcd snapshots: names with size. */
  readonly snapshots: readonly { readonly name: string; readonly sizeBytes: number }[];
  /** True for a server whose API server lists Nodes, in time, when it is asked; false where it was not asked. */
  readonly apiAnswers: boolean;
  /** All of the API's Node objects; null where it was not asked for them (a look asks one server only) or does not answer. */
  readonly nodes: readonly ApiNode[] | null;
  /** etcd's members as this server's own etcd lists them; null where there is none, or it does not answer. */
  readonly members: readonly EtcdMember[] | null;
  /** Absent: the host has no time to live. */
  readonly ttl?: TtlFacts;
  /** What the cluster's copy of the state says of itself; null where there is none, or no answering API server. */
  readonly stateCopy: StateCopy | null;
}

/** A host that takes its cluster away by itself. */
export interface TtlFacts {
  /** Until then, by the host's own clocks; negative when it is over. */
  readonly remainingSeconds: number;
  /** Its timer is started and enabled. */
  readonly armed: boolean;
}

export interface UnitFacts {
  readonly exists: boolean;
  /** systemd's ActiveState: active, activating, failed, inactive, … `active` of these notify units means READY. */
  readonly active: string;
  readonly enabled: boolean;
  /** The unit file's path, from which the binary's prefix follows. */
  readonly path: string | null;
}

export interface EtcdMember {
  /** Sixteen hex digits. */
  readonly id: string;
  /** `<node name>-<8 hex>` for RKE2's own; empty for one that was added and never started. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface ApiNode {
  readonly name: string;
  readonly ready: boolean;
  readonly reason: string;
  readonly roles: readonly string[];
  readonly version: string;
  readonly internalAddresses: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value: string; readonly effect: string }[];
  readonly unschedulable: boolean;
  /** True when a `drain` of ours cordoned it and no `uncordon` has followed. */
  readonly drainedByUs: boolean;
  readonly etcdVoter: boolean | null;
}
