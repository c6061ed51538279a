import type { JsonValue, NodeKey, Preparation, Taint, UpgradeStrategy } from './cluster.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { MaintenanceStep } from './maintenance-step.ts';
import type { ArtifactRef, FirewallRecord, Marker } from './marker.ts';
import type { Verb } from './operation.ts';
import type { Role, Service } from './role.ts';
import type { ObjectRef } from './state.ts';

/** What is to be done, as data: it can be printed, saved and compared, and holds no secret and no connection. */
export interface Plan {
  readonly schemaVersion: 1;
  readonly clusterId: string;
  readonly clusterName: string;
  readonly version: string;
  readonly purpose: 'up' | 'remove' | Verb;
  readonly steps: readonly Step[];
  /** Warnings, and errors that `--ignore-check` let pass. */
  readonly findings: readonly Diagnostic[];
  /** What the file says otherwise than when it was last brought about, in the order of the file. */
  readonly changes: readonly Change[];
  /** What is otherwise on the hosts and in the cluster than we left it. */
  readonly drift: readonly Drift[];
  /** Every node of the file that was reached, those included for which there is nothing to do. */
  readonly nodes: readonly PlannedNode[];
  /** Members that the file no longer names: these steps take them out. */
  readonly leaving: readonly PlannedNode[];
  /** Hosts that could not be reached and are left out of the steps. */
  readonly unreachable: readonly NodeKey[];
}

/** One difference between the cluster as it was last asked for and the file as it is now. */
export interface Change {
  /** Where it stands, in the words of the file: `nodes[worker-2].labels.disk`, `kubernetes_version`. */
  readonly path: string;
  /** null: was not there, or (secrets) is not told. */
  readonly before: JsonValue;
  readonly after: JsonValue;
}

/** One thing that somebody or something else has changed since our last run. */
export interface Drift {
  /** The node's name; null for what belongs to the whole cluster. */
  readonly node: string | null;
  readonly kind:
    | 'file'
    | 'firewall'
    | 'service'
    | 'binary'
    | 'label'
    | 'taint'
    | 'node-gone'
    | 'node-more'
    | 'member-more'
    | 'marker';
  /** What differs: a path, `6443/tcp`, a label's key. */
  readonly subject: string;
  /** One line for people: what was found and what it should be. */
  readonly message: string;
  /** False where no step mends it: the message says who can. */
  readonly mended: boolean;
}

/** Unique in its plan and readable: `start-service 10.0.0.2:22`. */
export type StepId = string;

/** A node as the steps need it: how to reach it, what it is called, what it is. */
export interface PlannedNode {
  readonly key: NodeKey;
  readonly id: string;
  readonly name: string;
  /** What the other nodes use to reach it. */
  readonly address: string;
  /** In a dual-stack cluster: its address of the other family. */
  readonly otherAddress?: string;
  readonly roles: readonly Role[];
  readonly service: Service;
}

/*
 * `via`, in the steps below: control planes on any of which kubectl may run, the most fitting first. The step takes the
 * first that is connected and whose API answers.
 */
interface StepBase {
  readonly id: StepId;
  /** The node it is about, on whose host it works unless it names `via`; null for what is done on the operator's machine. */
  readonly node: PlannedNode | null;
  /** Why, as a short sentence for people. */
  readonly reason: string;
  /** Steps that must have succeeded before this one starts. */
  readonly needs: readonly StepId[];
  /** Steps that must have ended, one way or the other, before this one starts. */
  readonly after: readonly StepId[];
}

/**
 * A file to be written and what it must hash to, so that what was planned is what is written. null: its content is
 * known only once the first server has made the cluster's CA (the pinned tokens).
 */
export interface PlannedFile {
  readonly path: string;
  readonly sha256: string | null;
  readonly mode: string;
}

/** How RKE2 is put on a host: our own unpacking of the tarball, or the official script with these settings. */
export type InstallWay =
  | { readonly method: 'airgap'; readonly tarball: ArtifactRef; readonly prefix: string }
  | {
      readonly method: 'script';
      /** URL, or absolute file on the operator's machine. */
      readonly script: string;
      readonly fetch: 'host' | 'operator';
      readonly environment: Readonly<Record<string, string>>;
    };

export type Step = StepBase &
  (
    | {
        readonly kind: 'claim';
        readonly marker: Marker;
        readonly bootstrap: boolean;
        /** Its address has changed: what the state calls this move, and ids of nodes that are cut off by it. */
        readonly move?: { readonly mark: string; readonly stranded: readonly string[] } | undefined;
      }
    | {
        /** Has the host take the cluster away by itself after so many seconds from then on; null: never. */
        readonly kind: 'set-ttl';
        readonly seconds: number | null;
        readonly files: readonly PlannedFile[];
      }
    | {
        readonly kind: 'stage-artifacts';
        readonly arch: string;
        readonly tarball: ArtifactRef | null;
        readonly images: readonly ArtifactRef[];
        /** The URL below which the host fetches them, without query; absent where they are sent. */
        readonly from?: string | undefined;
      }
    | {
        readonly kind: 'install';
        readonly version: string;
        readonly way: InstallWay;
        /** Image bundles of the version before, in $DD/agent/images: RKE2 would import them at every start. */
        readonly obsolete: readonly string[];
      }
    | {
        /** Puts by what an upgrade replaces on the host, for `restore-previous`, until the node is healthy. */
        readonly kind: 'keep-previous';
        /** What is there, and ran. */
        readonly version: string;
        readonly prefix: string;
        /** Names of the bundles in $DD/agent/images. */
        readonly images: readonly string[];
        /** Files of ours that RKE2 reads at its start; those that are not there are kept as not there. */
        readonly files: readonly string[];
      }
    | {
        /** Puts back what `keep-previous` put by; the service is not touched. */
        readonly kind: 'restore-previous';
        readonly version: string;
        readonly prefix: string;
        /** Bundles that came with the version that does not come up: those without a predecessor go. */
        readonly images: readonly string[];
      }
    | {
        /** Deletes what `keep-previous` put by: nobody goes back any more. */
        readonly kind: 'drop-previous';
        readonly prefix: string;
      }
    | {
        readonly kind: 'prepare-host';
        readonly preparations: readonly Preparation[];
        readonly prefix: string;
      }
    | {
        readonly kind: 'open-firewall';
        readonly add: FirewallRecord;
        readonly remove: FirewallRecord;
        readonly reload: boolean;
      }
    | { readonly kind: 'check-ports'; readonly probes: readonly PortProbe[] }
    | {
        readonly kind: 'write-files';
        readonly files: readonly PlannedFile[];
        readonly removed: readonly string[];
      }
    | {
        readonly kind: 'start-service';
        readonly join: JoinTarget | null;
        readonly voter: boolean;
        readonly restart: boolean;
      }
    | { readonly kind: 'verify-nodes'; readonly nodes: readonly ExpectedNode[] }
    | {
        /** Deletes what a manifest brought that the file no longer names. */
        readonly kind: 'delete-addon';
        readonly name: string;
        readonly objects: readonly ObjectRef[];
        /** False while hosts that may still hold the manifest were not reached: then it is deleted again some time. */
        readonly forget: boolean;
      }
    | { readonly kind: 'verify-addons'; readonly addons: readonly ExpectedAddon[] }
    | {
        /** Saves an etcd snapshot on the step's node. */
        readonly kind: 'save-snapshot';
        readonly name: string;
        /** Full names of snapshots that were there when it was asked for: that they bear the name does not count. */
        readonly besides?: readonly string[];
      }
    | {
        /** Cordons the node, marks it as cordoned by us, and evicts its pods. */
        readonly kind: 'drain';
        readonly via: readonly NodeKey[];
        readonly input: UpgradeStrategy['drainInput'];
      }
    | {
        /** Lets pods onto a node again that a `drain` of ours had cordoned; a cordon of somebody else's stays. */
        readonly kind: 'uncordon';
        readonly via: readonly NodeKey[];
      }
    | {
        /** Deletes the Node, and ends only when etcd has no member of it any more. */
        readonly kind: 'leave-cluster';
        readonly via: readonly NodeKey[];
        /** Etcd servers that stay; empty when the node is no member. */
        readonly members: readonly NodeKey[];
        /** True for a node whose host is gone for good: nothing follows that could forget its record. */
        readonly forget: boolean;
      }
    | {
        /** Labels and taints through the API; only what we set ourselves is ever taken away. */
        readonly kind: 'label-node';
        readonly via: readonly NodeKey[];
        readonly labels: {
          readonly set: Readonly<Record<string, string>>;
          readonly remove: readonly string[];
        };
        readonly taints: { readonly set: readonly Taint[]; readonly remove: readonly Taint[] };
      }
    | {
        /** Waits until the Helm jobs of RKE2's charts have completed. */
        readonly kind: 'await-charts';
        readonly via: readonly NodeKey[];
      }
    | {
        /** Asks the cluster's DNS from the node, until it knows `name`. */
        readonly kind: 'await-dns';
        /** Of the cluster DNS. */
        readonly addresses: readonly string[];
        /** A name that every cluster has: `kubernetes.default.svc.cluster.local`. */
        readonly name: string;
      }
    | { readonly kind: 'write-kubeconfig'; readonly server: string }
    | { readonly kind: 'copy-state' }
    | { readonly kind: 'fetch-snapshots'; readonly names: readonly string[]; readonly directory: string }
    | { readonly kind: 'uninstall'; readonly marker: Marker | null }
    | { readonly kind: 'forget-state' }
    | MaintenanceStep
  );

export type StepKind = Step['kind'];
export type StepOf<K extends StepKind> = Extract<Step, { readonly kind: K }>;

/** A living server that a joining node registers with. */
export interface JoinTarget {
  readonly key: NodeKey;
  readonly address: string;
}

export interface PortProbe {
  readonly from: NodeKey;
  readonly to: NodeKey;
  /** The address that `from` will use. */
  readonly address: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  /** What runs over it: `etcd peer`. */
  readonly purpose: string;
}

/** A manifest that RKE2 must apply, with the hash of its file. */
export interface ExpectedAddon {
  readonly name: string;
  readonly sha256: string;
}

export interface ExpectedNode {
  readonly key: NodeKey;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly address: string;
}
