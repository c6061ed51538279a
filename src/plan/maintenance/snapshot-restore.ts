import type { JsonMap } from '../../domain/cluster.ts';
import type { Plan } from '../../domain/plan.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { participants } from './participants.ts';
import { planRemaking } from './remake-etcd.ts';

/** What `etcd snapshot-restore` was asked for, and what it found when it began. */
export interface RestoreRequest extends JsonMap {
  /** As it was asked for: a name, or a file. */
  readonly snapshot: string;
  /** Absolute path on this machine, unpacked. */
  readonly source: string;
  readonly name: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Id of the server token that opens it. */
  readonly tokenId: string;
  /** Id of the node on which it is restored. */
  readonly first: string;
  /** The newest RKE2 that a node ran then; null or absent: it does not say. */
  readonly takenWith?: string | null;
  /** All servers were lost: RKE2 is put onto the machines of the file first. */
  readonly installs?: true;
  /** The RKE2 that took it, to which all nodes go back as was asked for; absent: they keep what they have. */
  readonly withVersion?: true;
  readonly version?: string;
}

export interface RestoreOptions {
  /** False: nothing is kept of how it is now but the databases on the disks. */
  readonly takesSafetySnapshot: boolean;
}

/** The snapshot is placed and read before anything is stopped; then etcd is made anew with its data. */
export function planSnapshotRestore(
  input: MaintenanceInput<RestoreRequest>,
  { takesSafetySnapshot }: RestoreOptions = { takesSafetySnapshot: true },
): Plan {
  const { first, source, name, sha256, sizeBytes, version = null } = input.operation.request;
  const node = participants(input).servers.find(({ id }) => id === first) ?? null;
  return planRemaking(input, {
    first,
    snapshot: name,
    version,
    takesSafetySnapshot,
    reason: `etcd is to be as it was when ${name} was taken`,
    before: [
      {
        kind: 'place-snapshot',
        node,
        reason: 'it must be whole there before anything is stopped',
        source,
        name,
        sha256,
        sizeBytes,
      },
    ],
  });
}
