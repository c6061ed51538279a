import { ServiceError } from '../domain/errors.ts';
import { explainSnapshotFailure } from '../rke2/snapshot-failures.ts';
import { commandFailure } from './command-failure.ts';
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

/**
 * The snapshots that this server's RKE2 lists: on its own disk and in S3, some releases also those on other servers. Ones
 * that failed are left out. Rejects with ServiceError in words where RKE2 refuses because of S3 or the disk.
 */
export async function listSnapshots(
  host: Host,
  options: CallOptions = {},
): Promise<readonly ListedSnapshot[]> {
  const stdout = await ask(host, ['ls'], 'Listing etcd snapshots', options);
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
  return { saved: exitCode === 0, words: wordsOf(stderr) };
}

/** Deletes snapshots of this host, and their copies in S3, by their full names; ones that are gone are passed over. */
export async function deleteSnapshots(
  host: Host,
  names: readonly string[],
  options: CallOptions = {},
): Promise<void> {
  await ask(host, ['delete', ...names], 'Deleting old etcd snapshots', options);
}

async function ask(host: Host, args: readonly string[], what: string, options: CallOptions): Promise<string> {
  const { exitCode, stdout, stderr } = await host.run(RKE2, {
    ...{ args, what, timeoutMs: LIST_TIMEOUT_MS, allowFailure: true },
    ...options,
  });
  if (exitCode === 0) return stdout;
  const words = wordsOf(stderr);
  const failure = commandFailure(host.target, what, exitCode, words.join('\n'));
  const hint = explainSnapshotFailure(words);
  if (hint === null) throw failure;
  throw new ServiceError({ code: 'snapshots-refused', message: failure.message, hint, lastWords: [] });
}

/** Without what it says of config.yaml. */
function wordsOf(stderr: string): readonly string[] {
  return stderr.split('\n').filter((line) => line.trim() !== '' && !line.includes('Unknown flag'));
}
