import { RemoteCommandError } from '../domain/errors.ts';
import { sha256 } from '../lib/hash.ts';
import { commandFailure } from './command-failure.ts';
import type { Host } from './host.ts';

export interface RemoteFile {
  /** Absolute. */
  readonly path: string;
  readonly content: string | Buffer;
  /** Octal, as `0600`. */
  readonly mode: string;
  /** `user:group`; root:root unless said otherwise. */
  readonly owner?: string;
}

export interface RemoteDirectory {
  /** Absolute; what is missing above it is made with 0755. */
  readonly path: string;
  /** Octal; a directory that is there keeps the mode that it has. */
  readonly mode: string;
}

/**
 * Writes files that differ in content, mode or owner, all in one command; contents travel on stdin. Each is written to a
 * temporary name beside it (0600 from the start), synced and renamed: nobody ever sees half a file. Gives the paths that
 * changed. Missing directories are made: those of `directories`, in their order, with their modes, all others 0755.
 */
export async function writeFiles(
  host: Host,
  files: readonly RemoteFile[],
  options: { readonly signal?: AbortSignal; readonly directories?: readonly RemoteDirectory[] } = {},
): Promise<readonly string[]> {
  if (files.length === 0) return [];
  const { directories = [], ...call } = options;
  const contents = files.map(({ content }) => Buffer.from(content as string));
  const places = directories.flatMap(({ path, mode }) => [path, mode.replace(/^0+(?=\d)/, '')]);
  const sources = files.flatMap(({ path, mode, owner }, index) => {
    const content = contents[index] ?? Buffer.alloc(0);
    return [
      path,
      mode.replace(/^0+(?=\d)/, ''),
      owner ?? 'root:root',
      String(content.length),
      sha256(content),
    ];
  });
  const { stdout } = await host.run(WRITE, {
    args: [String(directories.length), ...places, ...sources],
    stdin: Buffer.concat(contents),
    what: files.length === 1 ? `Writing ${files[0]?.path}` : `Writing ${files.length} files`,
    ...call,
  });
  const changed = new Set(stdout.split('\n').filter(Boolean).map(Number));
  return files.filter((_, index) => changed.has(index)).map(({ path }) => path);
}

/** Removes files that are there; gives their paths. Directories are refused. */
export async function removeFiles(
  host: Host,
  paths: readonly string[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<readonly string[]> {
  if (paths.length === 0) return [];
  const { stdout } = await host.run(REMOVE, {
    args: paths,
    what: `Removing ${paths.join(', ')}`,
    ...options,
  });
  const removed = new Set(stdout.split('\n').filter(Boolean).map(Number));
  return paths.filter((_, index) => removed.has(index));
}

const MAX_READ_BYTES = 4 * 1024 * 1024;

/** A text file; null when it is not there. More than `maxBytes` (4 MiB unless said otherwise) is a RemoteCommandError. */
export async function readFile(
  host: Host,
  path: string,
  options: { readonly maxBytes?: number; readonly signal?: AbortSignal } = {},
): Promise<string | null> {
  const { maxBytes = MAX_READ_BYTES, ...rest } = options;
  const what = `Reading ${path}`;
  const chunks: Buffer[] = [];
  const { exitCode, stderr } = await host.run(READ, {
    args: [path, String(maxBytes + 1)],
    what,
    allowFailure: true,
    onStdout: (chunk) => chunks.push(chunk),
    ...rest,
  });
  if (exitCode === EXIT_ABSENT) return null;
  if (exitCode !== 0) throw commandFailure(host.target, what, exitCode, stderr);
  const content = Buffer.concat(chunks);
  if (content.length <= maxBytes) return content.toString('utf8');
  throw new RemoteCommandError({
    code: 'remote-file-too-big',
    message: `${path} on ${host.target} is bigger than ${maxBytes} bytes, which is not what it should be.`,
    hint: 'Look at the file on the host; if it is not what its name says, move it away and run the same command again.',
    exitStatus: 0,
    stderr: '',
  });
}

const EXIT_ABSENT = 44;

/** $1: how many directories, then the path and mode of each; after these path, mode, owner, size and SHA-256 of each file, whose bytes come on stdin in the same order. Says which it wrote. */
const WRITE = `
take() { if [ "$1" -gt 0 ]; then dd bs="$1" count=1 iflag=fullblock $3 of="$2" 2>"$ERR"; else : >"$2"; fi; }
fail() { echo "$1: $(grep -v 'records' "$ERR" 2>/dev/null)" >&2; rm -f "$temp" "$ERR"; exit 1; }
ERR=$(mktemp) || exit 1
count=$1
shift
while [ "$count" -gt 0 ]; do
  if [ ! -d "$1" ]; then (umask 022; mkdir -p "$1" && chmod "$2" "$1") 2>"$ERR" || fail "$1"
    if [ -e /sys/fs/selinux/enforce ]; then restorecon "$1" 2>/dev/null; fi
  fi
  shift 2
  count=$((count - 1))
done
n=0
while [ $# -gt 0 ]; do
  path=$1 mode=$2 owner=$3 size=$4 sum=$5
  shift 5
  dir=\${path%/*}
  temp=$dir/.\${path##*/}.rke2ctl-new
  if [ -f "$path" ] && [ "$(stat -c '%a %U:%G' "$path")" = "$mode $owner" ] &&
    [ "$(sha256sum <"$path")" = "$sum  -" ]; then
    take "$size" /dev/null
  else
    if [ -d "$path" ]; then echo "there is a directory of that name" >"$ERR"; fail "$path"; fi
    if [ ! -d "$dir" ]; then (umask 022; mkdir -p "$dir") 2>"$ERR" || fail "$dir"; fi
    if [ -e "$temp" ] || [ -L "$temp" ]; then rm -f "$temp"; fi
    take "$size" "$temp" conv=fsync || fail "$path"
    [ "$(sha256sum <"$temp")" = "$sum  -" ] || { echo "what arrived is not what was sent" >"$ERR"; fail "$path"; }
    # It is root's, unless its directory gives files to a group: a program less for each.
    if [ "$owner" != root:root ] || [ ! -O "$temp" ] || [ ! -G "$temp" ]; then
      chown "$owner" "$temp" 2>"$ERR" || fail "$path"
    fi
    { chmod "$mode" "$temp" && mv -f "$temp" "$path"; } 2>"$ERR" || fail "$path"
    if [ -e /sys/fs/selinux/enforce ]; then restorecon "$path" 2>/dev/null; fi
    echo "$n"
  fi
  n=$((n + 1))
done
rm -f "$ERR"
`;

const REMOVE = `
n=0
for path in "$@"; do
  if [ -e "$path" ] || [ -L "$path" ]; then
    rm -f "$path" || exit 1
    echo "$n"
  fi
  n=$((n + 1))
done
`;

/** $1: path; $2: how many bytes at most. */
const READ = `
[ -e "$1" ] || exit ${EXIT_ABSENT}
head -c "$2" "$1"
`;
