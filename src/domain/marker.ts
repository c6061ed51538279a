import type { Role } from './role.ts';

/** Where our one file on a node lies (0600). */
export const MARKER_PATH = '/etc/rancher/rke2/rke2ctl.json';

/**
 * What we leave on each node: whose it is, what we installed and wrote, which firewall rules we added. It makes drift
 * visible by hash, lets `remove` take away exactly what we added, and keeps us off another cluster's nodes.
 */
export interface Marker {
  readonly schemaVersion: 1;
  readonly clusterId: string;
  readonly clusterName: string;
  readonly nodeId: string;
  readonly machineId: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly version: string;
  readonly installed: InstalledRecord | null;
  /** RKE2's data directory there. */
  readonly dataDir: string;
  /** Every file that is ours to take away again, RKE2's own apart. */
  readonly files: readonly string[];
  /** SHA-256 of each file as we last wrote it, by path: what differs from it was changed by somebody else. Absent in old markers. */
  readonly written?: Readonly<Record<string, string>> | undefined;
  readonly firewall: FirewallRecord | null;
}

/** How RKE2 came onto the host, and the image bundles staged beside it. */
export interface InstalledRecord {
  readonly method: 'airgap' | 'script';
  readonly package: 'tar' | 'rpm';
  readonly prefix: string;
  readonly images: readonly ArtifactRef[];
}

/** One file of a release. */
export interface ArtifactRef {
  readonly name: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** What we added to firewalld, permanently and at runtime alike; only these are ever removed. */
export interface FirewallRecord {
  readonly zone: string;
  readonly ports: readonly string[];
  readonly richRules: readonly string[];
  readonly trustedSources: readonly string[];
  readonly ipsets: Readonly<Record<string, readonly string[]>>;
}
