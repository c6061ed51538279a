import type { NodeKey } from './cluster.ts';
import type { ApiNode } from './observed.ts';
import type { Role } from './role.ts';

/** What a host says of its health beside the probe's facts. Times in ms since the epoch, sizes in bytes. */
export interface HostHealth {
  /** The API's Nodes as this server lists them; null where no API server answers. */
  readonly nodes: readonly ApiNode[] | null;
  /** The member on this host; null where etcd does not answer. */
  readonly etcd: EtcdHealth | null;
  /** The certificate of RKE2's that ends first; null where there is none. */
  readonly certificate: { readonly file: string; readonly expiresAt: number } | null;
  /** Those on this host, and those in S3 that the API has records of. */
  readonly snapshots: readonly SnapshotRecord[];
}

/** An etcd member as it speaks of itself and of the others. Ids are etcd's, in decimal. */
export interface EtcdHealth {
  readonly memberId: string;
  /** null while it knows no leader. */
  readonly leaderId: string | null;
  readonly version: string;
  readonly dbSizeBytes: number;
  /** It answered a linearizable read, which only a quorum can. */
  readonly quorate: boolean;
  readonly members: readonly {
    readonly id: string;
    readonly name: string;
    readonly peerUrls: readonly string[];
    readonly isLearner: boolean;
  }[];
}

export interface SnapshotRecord {
  readonly name: string;
  readonly location: 'local' | 's3';
  readonly createdAt: number;
  readonly sizeBytes: number;
}

/** How a cluster is, as `status` tells it; this is also the shape of its JSON. */
export interface ClusterStatus {
  readonly clusterName: string;
  /** The version it is to run, where file or state say one. */
  readonly version: string | null;
  /** True when none of the problems is an error. */
  readonly healthy: boolean;
  readonly nodes: readonly NodeStatus[];
  readonly etcd: EtcdStatus | null;
  /** The newest snapshot that could be seen. */
  readonly lastSnapshot: (SnapshotRecord & { readonly node: string | null }) | null;
  readonly drift: Drift;
  readonly problems: readonly StatusProblem[];
  /** Absent: it has no time to live. */
  readonly goesInSeconds?: number;
}

/**
 * `unreachable`: SSH did not get there; `stopped`: RKE2 does not run there; `absent`: it is not installed; `missing`: it
 * runs, and the API has no such Node; `unknown`: it runs, and no API server could be asked.
 */
export type NodeState = 'ready' | 'not-ready' | 'missing' | 'unknown' | 'stopped' | 'absent' | 'unreachable';

export interface NodeStatus {
  readonly key: NodeKey;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly state: NodeState;
  readonly version: string | null;
  readonly unschedulable: boolean;
  /** Whole days until the first certificate ends; negative when it has ended. */
  readonly certificateDays: number | null;
  /** Null where it cannot be said. */
  readonly differs: boolean | null;
}

/** `quorum` is null when no member could be asked. */
export interface EtcdStatus {
  readonly quorum: boolean | null;
  readonly members: readonly MemberStatus[];
}

export interface MemberStatus {
  /** The node it is on, else its name in etcd. */
  readonly name: string;
  /** `silent`: it gave no answer, or its host was not reached; `no-quorum`: it runs, and cannot serve. */
  readonly health: 'healthy' | 'no-quorum' | 'silent';
  readonly leader: boolean;
  readonly learner: boolean;
  readonly version: string | null;
  readonly dbSizeBytes: number | null;
}

/** Whether the reached hosts are as the file says; `unknown` with the reason. */
export type Drift =
  | { readonly known: true; readonly nodes: readonly string[] }
  | { readonly known: false; readonly reason: string };

export interface StatusProblem {
  readonly severity: 'error' | 'warning';
  readonly message: string;
}
