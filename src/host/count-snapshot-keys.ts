import type { Host } from './host.ts';

/** What etcd itself says of a snapshot. */
export interface SnapshotCount {
  readonly revision: number;
  /** Of every kind in the database, old revisions included. */
  readonly keys: number;
}

/**
 * $1: path. Finds etcd's process, and beside its program, in the files of its own container, the one that reads snapshots:
 * a directory of snapshots is not among what the container sees, so that it cannot be asked within.
 */
const COUNT = `
for exe in /proc/[0-9]*/exe; do
  program=$(readlink "$exe" 2>/dev/null) || continue
  case $program in */etcd) ;; *) continue;; esac
  base=\${exe%/exe}/root\${program%/etcd}
  for tool in etcdutl etcdctl; do
    [ -x "$base/$tool" ] || continue
    ETCDCTL_API=3 timeout 120 "$base/$tool" snapshot status "$1" -w json 2>/dev/null && exit 0
  done
done
exit 0`;

/** The keys of a snapshot, counted by the etcd of that server; null where none runs there, or it cannot. Reads only. */
export async function countSnapshotKeys(
  host: Host,
  path: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<SnapshotCount | null> {
  const { stdout } = await host.run(COUNT, {
    args: [path],
    what: 'Counting the keys of a snapshot',
    ...options,
  });
  try {
    const { revision, totalKey } = JSON.parse(stdout) as { revision?: unknown; totalKey?: unknown };
    return typeof revision === 'number' && typeof totalKey === 'number' ? { revision, keys: totalKey } : null;
  } catch {
    return null;
  }
}
