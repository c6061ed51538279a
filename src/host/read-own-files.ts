import { MARKER_PATH, type Marker } from '../domain/marker.ts';
import type { Host } from './host.ts';
import { parseMarker } from './probe/parse-marker.ts';

/** What is on a host of what we wrote there. */
export interface OwnFiles {
  /** null: there is none, or none that can be read. */
  readonly marker: Marker | null;
  /** SHA-256 and mode (octal) of those of the paths that are files, by path. */
  readonly present: Readonly<Record<string, { readonly sha256: string; readonly mode: string }>>;
}

/** Reads the marker of a host and hashes the given files, in one command. */
export async function readOwnFiles(
  host: Host,
  paths: readonly string[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<OwnFiles> {
  const { stdout } = await host.run(READ, {
    args: [MARKER_PATH, ...paths],
    what: 'Reading what rke2ctl wrote',
    ...options,
  });
  const end = stdout.indexOf('marker\n');
  const hashes = stdout.slice(0, Math.max(end, 0)).split('\n').filter(Boolean);
  const present = hashes.flatMap((line) => {
    const [index, mode = '', sha256 = ''] = line.split(' ');
    const path = paths[Number(index)];
    return path === undefined ? [] : [[path, { sha256, mode: mode.padStart(4, '0') }] as const];
  });
  const text = end < 0 ? '' : stdout.slice(end + 'marker\n'.length);
  const marker = text.trim() === '' ? null : parseMarker(text);
  return { marker: marker === 'unreadable' ? null : marker, present: Object.fromEntries(present) };
}

/** $1: the marker; then the files. Prints `index mode hash` of each that is there, then `marker` and the marker's text. */
const READ = `
marker=$1
shift
n=0
for path in "$@"; do
  if [ -f "$path" ]; then
    sum=$(sha256sum <"$path") && echo "$n $(stat -c %a "$path") \${sum%% *}"
  fi
  n=$((n + 1))
done
echo marker
if [ -f "$marker" ]; then head -c 1048576 "$marker"; fi
`;
