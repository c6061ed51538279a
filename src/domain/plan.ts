import type { NodeKey } from './cluster.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { FirewallRecord, Marker } from './marker.ts';
import type { Role, Service } from './role.ts';

/** What is to be done, as data: it can be printed, saved and compared, and holds no secret and no connection. */
export interface Plan {
  readonly schemaVersion: 1;
  readonly clusterId: string;
  readonly clusterName: string;
  readonly version: string;
  readonly purpose: 'up' | 'remove';
  readonly steps: readonly Step[];
  /** Warnings, and errors that `--ignore-check` let pass. */
  readonly findings: readonly Diagnostic[];
  /** Hosts that could not be reached and are left out of the steps. */
  readonly unreachable: readonly NodeKey[];
}

/** Unique in its plan and readable: `join-server 10.0.0.2:22`. */
export type StepId = string;

/** A node as the steps need it: how to reach it, what it is called, what it is. */
export interface PlannedNode {
  readonly key: NodeKey;
  readonly id: string;
  readonly name: string;
  /** What the other nodes use to reach it. */
  readonly address: string;
  readonly roles: readonly Role[];
  readonly service: Service;
}

interface StepBase {
  readonly id: StepId;
  /** The host it works on; null for what is done on the operator's machine. */
  readonly node: PlannedNode | null;
  /** Why, as a short sentence for people. */
  readonly reason: string;
  /** Steps that must have succeeded before this one starts. */
  readonly needs: readonly StepId[];
  /** Steps that must have ended, one way or the other, before this one starts. */
  readonly after: readonly StepId[];
}

/** A file to be written: what it must hash to, so that what was planned is what is written. */
export interface PlannedFile {
  readonly path: string;
  readonly sha256: string;
  readonly mode: string;
}

export interface ArtifactRef {
  readonly name: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

export type Step = StepBase &
  (
    | {
        readonly kind: 'stage-artifacts';
        readonly arch: string;
        readonly tarball: ArtifactRef | null;
        readonly images: readonly ArtifactRef[];
      }
    | {
        readonly kind: 'install';
        readonly version: string;
        readonly arch: string;
        readonly tarball: ArtifactRef | null;
        readonly prefix: string | null;
      }
    | {
        readonly kind: 'write-files';
        readonly files: readonly PlannedFile[];
        readonly removed: readonly string[];
        readonly marker: Marker;
      }
    | { readonly kind: 'prepare-host'; readonly preparation: string }
    | {
        readonly kind: 'open-firewall';
        readonly add: FirewallRecord;
        readonly remove: FirewallRecord;
        readonly reload: boolean;
      }
    | { readonly kind: 'check-ports'; readonly probes: readonly PortProbe[] }
    | {
        readonly kind: 'start-service';
        readonly join: JoinTarget | null;
        readonly voter: boolean;
        readonly restart: boolean;
      }
    | { readonly kind: 'verify-nodes'; readonly nodes: readonly ExpectedNode[] }
    | { readonly kind: 'write-kubeconfig'; readonly server: string; readonly path: string }
    | { readonly kind: 'copy-state' }
    | { readonly kind: 'fetch-snapshots'; readonly names: readonly string[]; readonly directory: string }
    | { readonly kind: 'uninstall'; readonly marker: Marker | null }
    | { readonly kind: 'forget-state' }
  );

export type StepKind = Step['kind'];
export type StepOf<K extends StepKind> = Extract<Step, { readonly kind: K }>;

/** A living server that a joining node registers with; null address means: the one that bootstrapped in this very run. */
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

export interface ExpectedNode {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly address: string;
}
