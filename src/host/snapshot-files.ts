import type { SnapshotContent } from '../domain/snapshot.ts';
import {
  BOOTSTRAP_PREFIX,
  judgeSnapshot,
  REVISION_BYTES,
  SNAPSHOT_HASH_BYTES,
  type SnapshotReading,
  TOKEN_ID_DIGITS,
  UNREAD_SNAPSHOT,
} from '../rke2/snapshot-content.ts';
import type { Host } from './host.ts';

/** A snapshot in a directory of a host. */
export interface SnapshotFile {
  readonly name: string;
  /** Absolute path there. */
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  /** As it lies there, packed or not. */
  readonly sizeBytes: number;
  readonly content: SnapshotContent;
}

export interface ReadSnapshotsOptions {
  /** Absolute path of the directory there; one that is not there holds none. */
  readonly directory: string;
  /** Reads them from end to end, with the lowest claim on disk and processor; else only names and sizes. */
  readonly contents: boolean;
  /** Only those of these names; every one unless given. */
  readonly names?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Reading is for the disk that etcd writes to: it takes its time, but not for ever. */
const TIMEOUT_MS = 15 * 60_000;

/** More places of one key are only older revisions of it. */
const MOST_HITS = 40;

/**
 * $1: directory; $2: `contents` or not; then names, none for all. Prints for each file `F time size name`, and of its
 * contents `S size`, `H computed told`, `B offset:key bytes` and `V tag`. Packed ones are unpacked into pipes, so that
 * nothing is written. gzip takes a zip file with one file in it, which RKE2's are; its warning about the rest is no error.
 */
const READ = `
LC_ALL=C; export LC_ALL
dir=$1; mode=$2; shift 2
[ -d "$dir" ] || exit 0
renice -n 19 -p $$ >/dev/null 2>&1
ionice -c 3 -p $$ >/dev/null 2>&1
[ $# -gt 0 ] || for path in "$dir"/*; do set -- "$@" "\${path##*/}"; done
unpack() { case $path in *.zip) gzip -dc <"$path" 2>/dev/null;; *) cat "$path";; esac; }
bytes() { od -An -v -tx1 | tr -d ' \\n'; }
for name in "$@"; do
  path=$dir/$name
  [ -f "$path" ] || continue
  case $name in *"
"*) continue;; esac
  size=$(stat -c %s "$path") || continue
  printf 'F %s %s %s\\n' "$(stat -c %Y "$path")" "$size" "$name"
  [ "$mode" = contents ] || continue
  case $name in *.zip)
    gzip -tq <"$path" >/dev/null 2>&1
    [ $? -ne 1 ] || continue
    size=$(unpack | wc -c);;
  esac
  echo "S $size"
  if [ "$size" -gt 544 ] && [ $((size % 512)) -eq ${SNAPSHOT_HASH_BYTES} ]; then
    sum=$(unpack | head -c $((size - ${SNAPSHOT_HASH_BYTES})) | sha256sum)
    echo "H \${sum%% *} $(unpack | tail -c ${SNAPSHOT_HASH_BYTES} | bytes)"
  fi
  unpack | grep -a -o -b '${BOOTSTRAP_PREFIX}[0-9a-f]\\{${TOKEN_ID_DIGITS}\\}' | head -n ${MOST_HITS} | while read -r hit; do
    at=\${hit%%:*}
    [ "$at" -ge ${REVISION_BYTES} ] || continue
    echo "B \${hit#*:} $(unpack 2>/dev/null | od -An -v -tx1 -j $((at - ${REVISION_BYTES})) -N ${REVISION_BYTES} | tr -d ' \\n')"
  done
  unpack | grep -a -o -E '(:.|kubeletVersion":")v1\\.[0-9]+\\.[0-9]+(-rc[0-9]+)?[+]rke2r[0-9]+' | grep -a -o 'v1[.].*' | sort -u | sed 's/^/V /'
done
exit 0`;

/** The snapshots in a directory of a host. Reads only. Rejects as `host.run` does. */
export async function readSnapshotFiles(
  host: Host,
  { directory, contents, names = [], signal }: ReadSnapshotsOptions,
): Promise<readonly SnapshotFile[]> {
  const { stdout } = await host.run(READ, {
    args: [directory, contents ? 'contents' : 'names', ...names],
    timeoutMs: TIMEOUT_MS,
    what: 'Reading etcd snapshots',
    ...(signal !== undefined && { signal }),
  });
  return stdout
    .split(/^F /m)
    .slice(1)
    .flatMap((text) => parseFile(text, directory, contents) ?? []);
}

function parseFile(text: string, directory: string, contents: boolean): SnapshotFile | null {
  const [head = '', ...lines] = text.trimEnd().split('\n');
  const [, time, size, name] = /^(\d+) (\d+) (.+)$/.exec(head) ?? [];
  if (name === undefined) return null;
  return {
    name,
    path: `${directory}/${name}`,
    modifiedAt: Number(time) * 1000,
    sizeBytes: Number(size),
    content: contents ? judgeSnapshot(parseReading(lines)) : UNREAD_SNAPSHOT,
  };
}

function parseReading(lines: readonly string[]): SnapshotReading {
  const ofKind = (kind: string) =>
    lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(2).split(' '));
  const [size] = ofKind('S');
  const [hashes] = ofKind('H');
  return {
    sizeBytes: size === undefined ? null : Number(size[0]),
    hashes: hashes === undefined ? null : { computed: hashes[0] ?? '', told: hashes[1] ?? '' },
    hits: ofKind('B').map(([key = '', before = '']) => ({
      tokenId: key.slice(BOOTSTRAP_PREFIX.length),
      before: Buffer.from(before, 'hex'),
    })),
    tags: ofKind('V').map(([tag = '']) => tag),
  };
}
