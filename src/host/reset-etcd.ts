import { DATA_DIR, unitName } from '../rke2/paths.ts';
import type { Host } from './host.ts';

export interface ResetRequest {
  /** RKE2's data directory there, `/var/lib/rancher/rke2` unless said otherwise. */
  readonly dataDir?: string | undefined;
  /** Absolute path of an unpacked snapshot there; null: etcd keeps its own data. */
  readonly snapshot: string | null;
  /** Tells this reset from any before: letters, digits and `-`. */
  readonly mark: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** RKE2's last words, as they come. */
  readonly onWords?: (words: string) => void;
}

export interface ResetOutcome {
  /** True only when RKE2 said so: it ends with 0 in other cases as well, and calls success an error. */
  readonly isReset: boolean;
  /** True when an earlier run had brought it about. */
  readonly before: boolean;
  /** The last lines of its log. */
  readonly words: readonly string[];
}

/** What RKE2 says when it is done. */
const DONE = 'Managed etcd cluster membership has been reset';

/**
 * $1: data directory; $2: mark; $3: snapshot or nothing. Where any of its files speaks of S3, RKE2 would take the path for
 * the name of an object there. RKE2 runs as a unit of its own, so that a
 * connection that falls does not end it halfway: the next call waits for it. Its words go to a log, which tells later
 * whether this very reset has succeeded. Without a snapshot the database is changed in place, so it is copied before.
 */
const RESET = `
data=$1 mark=$2 snapshot=$3
db=$data/server/db own=$data/server/rke2ctl-restore unit=rke2ctl-cluster-reset.service
log=$own/reset-$mark.log
unit_of() { systemctl show -p "$1" --value ${unitName('rke2-server')}; }
binary=$(unit_of ExecStart | sed -n 's/^{ path=\\([^ ;]*\\).*/\\1/p' | head -n 1)
[ -x "$binary" ] || { echo 'rke2-server is not installed as a service on this host' >&2; exit 127; }
(umask 022; mkdir -p "$data") && (umask 077; mkdir -p "$own") || exit 1
is_running() { case $(systemctl show -p ActiveState --value "$unit") in active|activating|deactivating) return 0;; esac; return 1; }
is_done() { grep -qs '${DONE}' "$log"; }
# Another reset, that was given up for this one, must not go on beneath it.
while is_running && [ ! -f "$log" ]; do sleep 0.4; done
if ! is_running; then
  if is_done; then echo before; exit 0; fi
  if [ -z "$snapshot" ] && [ -d "$db/etcd" ] && [ ! -d "$db/etcd-old-$mark" ]; then
    rm -rf "$db/.etcd-copy-$mark"
    cp -a --reflink=auto "$db/etcd" "$db/.etcd-copy-$mark" && mv "$db/.etcd-copy-$mark" "$db/etcd-old-$mark" || exit 1
  fi
  # A host that has booted since has started its service; RKE2 would want its port.
  systemctl stop rke2-server.service || exit 1
  rm -f "$db/reset-flag"
  set -- "$binary" server --cluster-reset
  [ -z "$snapshot" ] || set -- "$@" "--cluster-reset-restore-path=$snapshot" --etcd-s3=false
  set -- /bin/sh -c 'umask 077; log=$1; shift; "$@" >"$log" 2>&1; code=$?; sync; exit "$code"' sh "$log" "$@"
  for file in $(unit_of EnvironmentFiles | sed 's/ (.*//'); do set -- -p "EnvironmentFile=-$file" "$@"; done
  systemctl reset-failed "$unit" 2>/dev/null
  systemd-run --quiet --unit="$unit" -p Environment=HOME=/root "$@" </dev/null >&2 || exit 1
fi
seen=0
while is_running; do
  sleep 0.4
  if [ -f "$log" ]; then
    now=$(wc -l <"$log")
    if [ "$now" -gt "$seen" ]; then tail -n 1 "$log"; seen=$now; fi
  fi
done
systemctl reset-failed "$unit" 2>/dev/null
if is_done; then
  [ -z "$snapshot" ] || rm -f "$snapshot"
  echo reset
  exit 0
fi
tail -n 30 "$log"
exit 3
`;

const EXIT_FAILED = 3;

/**
 * Makes the etcd of a server whose service is stopped a cluster of one, with RKE2's own `--cluster-reset`. May be run
 * again after anything: what has succeeded under the same mark is not repeated. A reset that fails is an outcome, not an
 * error. A snapshot that was restored is taken away.
 */
export async function resetEtcd(host: Host, request: ResetRequest): Promise<ResetOutcome> {
  const { dataDir = DATA_DIR, snapshot, mark, timeoutMs, signal, onWords } = request;
  const { exitCode, stdout, stderr } = await host.run(RESET, {
    args: [dataDir, mark, snapshot ?? ''],
    what: 'Resetting etcd',
    timeoutMs,
    allowFailure: true,
    ...(onWords !== undefined && {
      onStdout: (chunk: Buffer) => onWords(chunk.toString('utf8').trim().split('\n').at(-1) ?? ''),
    }),
    ...(signal !== undefined && { signal }),
  });
  const words = stdout.split('\n').filter((line) => line.trim() !== '');
  if (exitCode === 0) return { isReset: true, before: words.at(-1) === 'before', words: [] };
  return {
    isReset: false,
    before: false,
    words: exitCode === EXIT_FAILED ? words.slice(-30) : stderr.trim().split('\n'),
  };
}

/**
 * $1: data directory; $2: mark. An empty directory under the new name says that there was none to move. A name that is
 * taken already is of a move that was cut off: what RKE2 has laid there since it had from the database.
 */
const MOVE = `
db=$1/server/db old=$1/server/db/etcd-old-$2
[ ! -e "$old" ] || { echo before; exit 0; }
(umask 022; mkdir -p "$1") && (umask 077; mkdir -p "$db") || exit 1
for part in tls cred; do
  now=$1/server/$part
  if [ -e "$now-$2" ]; then rm -rf "$now"
  elif [ -d "$now" ]; then mv "$now" "$now-$2" || exit 1
  fi
done
if [ -d "$db/etcd" ]; then mv "$db/etcd" "$old" || exit 1; else mkdir -m 0700 "$old" || exit 1; fi
rm -f "$db/reset-flag"
sync
`;

/**
 * Moves the etcd database of a stopped server to `etcd-old-<mark>` beside it, where RKE2 puts such ones, too; snapshots
 * stay. Its `tls` and `cred` go to `tls-<mark>` and `cred-<mark>`: RKE2 does not start with CAs or encryption keys on the
 * disk that are newer than those of the server that it joins. Gives false when that was done before under the same mark:
 * what lies there now is new.
 */
export async function moveDatabase(
  host: Host,
  { dataDir = DATA_DIR, mark, signal }: Pick<ResetRequest, 'dataDir' | 'mark' | 'signal'>,
): Promise<boolean> {
  const { stdout } = await host.run(MOVE, {
    args: [dataDir, mark],
    what: 'Moving the etcd database aside',
    ...(signal !== undefined && { signal }),
  });
  return stdout.trim() !== 'before';
}

/** Whether a database was moved aside under this mark. */
export async function wasMoved(
  host: Host,
  { dataDir = DATA_DIR, mark, signal }: Pick<ResetRequest, 'dataDir' | 'mark' | 'signal'>,
): Promise<boolean> {
  const { exitCode } = await host.run('[ -e "$1/server/db/etcd-old-$2" ]', {
    args: [dataDir, mark],
    what: 'Looking for databases that were moved aside',
    allowFailure: true,
    ...(signal !== undefined && { signal }),
  });
  return exitCode === 0;
}
