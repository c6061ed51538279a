import { MARKER_PATH, type Marker } from '../domain/marker.ts';
import type { StepOf } from '../domain/plan.ts';
import { writeFiles } from '../host/files.ts';
import type { Host } from '../host/host.ts';
import { parseMarker } from '../host/probe/parse-marker.ts';
import { readOwnFiles } from '../host/read-own-files.ts';
import { imagesDir, previousDir, previousProgram } from '../rke2/paths.ts';
import type { StepContext, StepHandler } from './step-handler.ts';

/**
 * $1: where it lies; $2: the prefix; $3: the program's second name; $4: the version; $5: the directory of bundles; $6:
 * RKE2's data directory; the rest: bundles of the other version. Everything stays where it lies, so that it can be done
 * again. Prints what it put back and took away, then `marker` and the marker of that time.
 */
const RESTORE = `
set -e
kept=$1 prefix=$2 program=$3 version=$4 images=$5 data=$6
shift 6
if [ ! -e "$kept/files.tar" ] || [ "$(cat "$kept/version" 2>/dev/null)" != "$version" ]; then
  echo "$version does not lie in $kept (any more)" >&2
  exit 3
fi
put() {
  if [ "$1" -ef "$2" ]; then return; fi
  rm -f "\${2%/*}/.rke2ctl-new"
  ln "$1" "\${2%/*}/.rke2ctl-new" 2>/dev/null || cp -p "$1" "\${2%/*}/.rke2ctl-new"
  mv -f "\${2%/*}/.rke2ctl-new" "$2"
}
for bundle in "$kept"/images/*; do
  if [ -f "$bundle" ]; then put "$bundle" "$images/\${bundle##*/}"; fi
done
for name in "$@"; do
  if [ ! -e "$kept/images/$name" ]; then rm -f "$images/$name"; fi
done
tar xpf "$kept/files.tar" -C /
while read -r state path; do
  if [ "$state" = absent ]; then rm -f "$path"; fi
done <"$kept/files"
put "$program" "$prefix/bin/rke2"
systemctl daemon-reload
if rpm -q rke2-selinux >/dev/null 2>&1; then
  restorecon -R -i "$prefix"/lib/systemd/system/rke2-*.service /etc/systemd/system/rke2-*.service "$prefix/bin/rke2" "$data"
fi
"$prefix/bin/rke2" --version | grep -qF "$version" || { echo "$prefix/bin/rke2 does not say that it is $version" >&2; exit 4; }
cat "$kept/files"
echo marker
if [ -f "$kept/marker" ]; then cat "$kept/marker"; fi
`;

/**
 * Puts program, units, bundles and files of the version before back in place. The state says it first, and the marker last;
 * which version runs there is then what it was before the upgrade, so that the next `up` begins it anew.
 */
export const restorePrevious: StepHandler<'restore-previous'> = {
  title: ({ version }) => `go back to RKE2 ${version}`,
  run: async (step, context) => {
    const { node, version, prefix, images } = step;
    if (node === null) throw new Error('restore-previous needs a node');
    await learnVersion(step, context);
    const host = context.host(node.key);
    const { dataDir } = context.cluster;
    const { stdout } = await host.run(RESTORE, {
      args: [
        previousDir(dataDir),
        prefix,
        previousProgram(prefix),
        version,
        imagesDir(dataDir),
        dataDir,
        ...images,
      ],
      signal: context.signal,
      what: `Going back to RKE2 ${version}`,
    });
    await markVersion(host, step, stdout, context);
    return 'done';
  },
};

async function learnVersion(
  { node, version }: StepOf<'restore-previous'>,
  context: StepContext,
): Promise<void> {
  const id = node?.id ?? '';
  await context.learn((state) => {
    const record = state.nodes[id];
    if (record === undefined) return state;
    return { ...state, nodes: { ...state.nodes, [id]: { ...record, version, startedWith: '' } } };
  });
}

/** What was put back is as we wrote it then, and no change by somebody else. */
async function markVersion(
  host: Host,
  { version }: StepOf<'restore-previous'>,
  printed: string,
  { signal }: StepContext,
): Promise<void> {
  const { marker } = await readOwnFiles(host, [], { signal });
  if (marker === null) return;
  const end = printed.indexOf('marker\n');
  const lines = printed.slice(0, Math.max(end, 0)).split('\n').filter(Boolean);
  const before = parseMarker(printed.slice(end + 'marker\n'.length));
  const former = before === 'unreadable' ? null : before;
  const whole: Marker = {
    ...marker,
    version,
    installed: former?.installed ?? marker.installed,
    written: writtenBefore(marker.written ?? {}, former?.written ?? {}, lines),
  };
  await writeFiles(
    host,
    [{ path: MARKER_PATH, content: `${JSON.stringify(whole, null, 2)}\n`, mode: '0600' }],
    {
      signal,
    },
  );
}

/** Of the files in the lines (`present PATH`, `absent PATH`) what the marker said then; of all others what it says now. */
function writtenBefore(
  now: Readonly<Record<string, string>>,
  then: Readonly<Record<string, string>>,
  lines: readonly string[],
): Readonly<Record<string, string>> {
  const paths = new Set(lines.map((line) => line.slice(line.indexOf(' ') + 1)));
  return Object.fromEntries([
    ...Object.entries(now).filter(([path]) => !paths.has(path)),
    ...Object.entries(then).filter(([path]) => paths.has(path)),
  ]);
}
