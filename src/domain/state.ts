import type { JsonMap } from './cluster.ts';
import type { Operation } from './operation.ts';
import type { Role } from './role.ts';
import type { Secret } from './secret.ts';

/**
 * What we did and must not lose. Written beside cluster.yml as cluster.rkestate. `serial` grows with every write;
 * `desired` is the cluster as it was last asked for, as `describeCluster` gives it: plain JSON without secrets.
 */
export interface State {
  readonly schemaVersion: 1;
  readonly clusterId: string;
  readonly clusterName: string;
  readonly serial: number;
  /** The version this cluster runs or is being brought to; only one written in the file ever changes it. */
  readonly version: string | null;
  /** The node that bootstrapped the cluster; null before the first start, or once it has left. */
  readonly bootstrapNodeId: string | null;
  /** SHA-256 of the cluster's server CA, as in a full token; null until the first server has made it. */
  readonly caHash: string | null;
  readonly desired: JsonMap | null;
  /** True from the first step of a `remove` on: from then on only `remove` may go on. */
  readonly removing: boolean;
  /** A verb that was begun and has not come to its end. */
  readonly operation?: Operation | undefined;
  readonly nodes: Readonly<Record<string, NodeRecord>>;
  /** Manifests that we have given to the cluster, by name; one that the file no longer names is still to be deleted there. */
  readonly addons: Readonly<Record<string, AddonRecord>>;
  readonly secrets: StateSecrets;
}

/** The server token opens the cluster's bootstrap data and every snapshot; agents only ever get the agent token. */
export interface StateSecrets {
  readonly serverToken: Secret;
  readonly agentToken: Secret;
  /** The tokens that a rotation is bringing in; on disk before any host knows them. */
  readonly next?: { readonly serverToken: Secret; readonly agentToken: Secret } | undefined;
  /** Server tokens of before, newest first: the snapshots of their time open with no other. */
  readonly former?: readonly FormerToken[] | undefined;
}

/** A server token that a rotation has replaced. */
export interface FormerToken {
  readonly serverToken: Secret;
  /** When it was replaced, in milliseconds since the epoch. */
  readonly until: number;
}

/** What one manifest file brought into the cluster. */
export interface AddonRecord {
  readonly sha256: string;
  /** Where it was fetched; null when the text stood in the file or beside it. */
  readonly url: string | null;
  readonly objects: readonly ObjectRef[];
  /** What earlier texts of it brought, as long as RKE2 may not have the present one everywhere; absent: nothing. */
  readonly former?: readonly ObjectRef[] | undefined;
}

/** An object of the Kubernetes API; `namespace` is null for those that have none, and when the manifest names none. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
}

/** What was applied to one node, by its id. */
export interface NodeRecord {
  readonly nodeId: string;
  readonly name: string;
  readonly machineId: string;
  readonly hostKey: string | null;
  readonly address: string;
  readonly port: number;
  /** What the other nodes use, as it was when the node was last reached. */
  readonly clusterAddress: string;
  /** In a dual-stack cluster: its address of the other family. */
  readonly otherAddress?: string | undefined;
  readonly roles: readonly Role[];
  readonly version: string;
  /** `staged`: touched, never yet started; `joined`: its service has been READY in this cluster. */
  readonly phase: 'staged' | 'joined';
  /**
   * It was away when etcd was made anew: its database is of before, and must be moved aside when it comes back. Names that
   * restore or reset.
   */
  readonly leftBehind?: string | undefined;
  /** It has another address than before, and its service (with etcd, its etcd) is not made anew for that yet. Names that move. */
  readonly moving?: string | undefined;
  /** Every server through which it reached the cluster has another address: it is cut off until its service starts anew. */
  readonly stranded?: boolean | undefined;
  /** How it is reached, without keys that stand in the file itself: for the day on which the file no longer names it. */
  readonly ssh?: NodeAccess | undefined;
  /**
   * `startStamp` of what its service last got READY with. Empty: what it reads at start was written since and it has not
   * been READY again; absent: not known (older states, states made again).
   */
  readonly startedWith?: string | undefined;
  /** Keys of the labels, and `key:effect` of the taints, that we have set and may take away. */
  readonly labels?: readonly string[] | undefined;
  readonly taints?: readonly string[] | undefined;
  /** What an adoption found on its host in place of files of ours. */
  readonly adopted?: readonly AdoptedFiles[] | undefined;
}

/**
 * Files that an adoption found, and those of ours that say the same in other words. As long as both are as they were
 * then, nothing of it is rewritten; after that ours are written, and what else was found goes.
 */
export interface AdoptedFiles {
  /** SHA-256 of each file as it was found, by path; null: it was not there. */
  readonly found: Readonly<Record<string, string | null>>;
  /** SHA-256 of the files of ours that they stand for, by path. */
  readonly standFor: Readonly<Record<string, string>>;
}

export interface NodeAccess {
  readonly user: string;
  readonly keyPaths: readonly string[];
  readonly keyPathsAreDefaults: boolean;
  readonly certificatePath: string | null;
  readonly agent: 'required' | 'auto';
  /** From the operator outwards; each with the node's own keys. */
  readonly bastions: readonly { readonly address: string; readonly port: number; readonly user: string }[];
}
