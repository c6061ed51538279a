import type { ClusterNode, Rke2Values } from './cluster.ts';
import type { HostFacts } from './observed.ts';
import type { Service } from './role.ts';

/** A text file as it was found on a host. */
export interface FoundFile {
  readonly path: string;
  readonly text: string;
  /** Of its bytes. */
  readonly sha256: string;
  /** When it was last written, in seconds since the epoch. */
  readonly changedAt: number;
}

/** What a host of somebody else's RKE2 holds of its settings. */
export interface FoundFiles {
  /** config.yaml and its drop-ins, in the order in which RKE2 reads them. */
  readonly config: readonly FoundFile[];
  readonly registries: FoundFile | null;
  /** Environment files of the services that set anything. */
  readonly environment: readonly FoundFile[];
  /** Manifests beside those that RKE2 packages, and not switched off by a `.skip` file. */
  readonly manifests: readonly FoundFile[];
  /** Certificates and keys that registries.yaml names, by path. */
  readonly certificates: readonly FoundFile[];
  /** Contents of RKE2's own token files, on servers; null on agents. */
  readonly serverToken: string | null;
  readonly agentToken: string | null;
  /** What its settings name as `token` or `token-file`; null when they name none. */
  readonly configuredToken: string | null;
}

/** One host of a cluster that is to be adopted. */
export interface FoundHost {
  /** How it is reached. */
  readonly spec: ClusterNode;
  readonly facts: HostFacts;
  /** The service that runs there. */
  readonly service: Service;
  /** When it was started, in seconds since the epoch; null when nobody can tell. */
  readonly startedAt: number | null;
  /** What the unit gives rke2 on its command line beside `server` or `agent`. */
  readonly commandLine: readonly string[];
  readonly files: FoundFiles;
  /** All of its config files merged by RKE2's rules. */
  readonly values: Rke2Values;
}
