import type { Host } from './host.ts';

/** A snapshot as `rke2 etcd-snapshot ls` knows it. */
export interface ListedSnapshot {
  readonly name: string;
  /** `file:///…` or `s3://…`. */
  readonly location: string;
  readonly sizeBytes: number;
}

interface CallOptions {
  readonly signal?: AbortSignal;
}

/**
 * Runs the `rke2` that the service runs, with the words of `etcd-snapshot`. It reads config.yaml itself and complains of
 * every key there that is none of its own: those lines are left out, as is the prefix of its log.
 */
const RKE2 = `
binary=$(systemctl show -p ExecStart --value rke2-server.service | sed -n 's/^{ path=\\([^ ;]*\\).*/\\1/p' | head -n 1)
[ -x "$binary" ] || { echo 'rke2-server is not installed as a service on this host' >&2; exit 127; }
exec "$binary" etcd-snapshot "$@"
`;

const LIST_TIMEOUT_MS = 60_000;

/** Every snapshot that the cluster knows: of all servers, and those in S3. Ones that failed are left out. */
export async function listSnapshots(
  host: Host,
  options: CallOptions = {},
): Promise<readonly ListedSnapshot[]> {
  const { stdout } = await host.run(RKE2, {
    args: ['ls'],
    what: 'Listing etcd snapshots',
    timeoutMs: LIST_TIMEOUT_MS,
    ...options,
  });
  return stdout.split('\n').flatMap((line): ListedSnapshot[] => {
    const [name, location = '', size = ''] = line.trim().split(/\s+/);
    const sizeBytes = Number(size);
    const isWhole = /^(file|s3):\/\//.test(location) && sizeBytes > 0;
    return name === undefined || !isWhole ? [] : [{ name, location, sizeBytes }];
  });
}

/** What came of trying to save one. */
export interface SaveOutcome {
  readonly saved: boolean;
  /** RKE2's own words, without what it says of config.yaml. */
  readonly words: readonly string[];
}

/** Saves a snapshot on this host; its full name gets the node's name and the time behind `name`. */
export async function saveSnapshot(
  host: Host,
  name: string,
  options: CallOptions & { readonly timeoutMs: number },
): Promise<SaveOutcome> {
  const { exitCode, stderr } = await host.run(RKE2, {
    args: ['save', '--name', name],
    what: 'Saving an etcd snapshot',
    allowFailure: true,
    ...options,
  });
  const words = stderr.split('\n').filter((line) => line.trim() !== '' && !line.includes('Unknown flag'));
  return { saved: exitCode === 0, words };
}

/** Deletes snapshots of this host by their full names; ones that are gone are passed over. */
export async function deleteSnapshots(
  host: Host,
  names: readonly string[],
  options: CallOptions = {},
): Promise<void> {
  await host.run(RKE2, {
    args: ['delete', ...names],
    what: 'Deleting old etcd snapshots',
    timeoutMs: LIST_TIMEOUT_MS,
    ...options,
  });
}
