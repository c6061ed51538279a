import type { Host } from './host.ts';

export interface DeleteFiles {
  readonly directory: string;
  /** RKE2's data directory there. */
  readonly dataDir: string;
  readonly names: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * $1: directory of snapshots; $2: data directory; then names. Where the service runs RKE2 itself is to do it, as it keeps
 * records: then it only says so. Otherwise the files go, with what RKE2 noted of them; records follow at its next start.
 */
const DELETE = `
dir=$1; notes=$2/server/db/.metadata; shift 2
case $(systemctl is-active rke2-server.service) in active | activating | reloading | deactivating) echo runs; exit 0;; esac
for name in "$@"; do rm -f -- "$dir/$name" "$notes/$name" || exit 1; done
echo deleted`;

/** Deletes snapshots of a server that does not run; true when they are gone, false when RKE2 runs and must do it. */
export async function deleteSnapshotFiles(
  host: Host,
  { directory, dataDir, names, signal }: DeleteFiles,
): Promise<boolean> {
  const { stdout } = await host.run(DELETE, {
    args: [directory, dataDir, ...names],
    what: 'Deleting etcd snapshots',
    ...(signal !== undefined && { signal }),
  });
  return stdout.trim() === 'deleted';
}
