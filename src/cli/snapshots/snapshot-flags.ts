import type { CommonFlags, MaintenanceFlags } from '../flags.ts';

export interface SnapshotListFlags extends CommonFlags {
  /** Read no file, only names and sizes. */
  readonly quick?: boolean;
}

export interface SnapshotSaveFlags extends MaintenanceFlags {
  readonly name?: string;
  readonly node?: readonly string[];
}

export interface SnapshotDownloadFlags extends CommonFlags {
  readonly out: string;
}

export interface SnapshotDeleteFlags extends CommonFlags {
  readonly yes?: boolean;
}

export interface SnapshotPruneFlags extends SnapshotDeleteFlags {
  readonly keep: number;
  readonly name: string;
}
